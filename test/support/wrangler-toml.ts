import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes the least configuration that the commands of publishing take. */
export function writeWranglerToml(root: string): Promise<void> {
  const text = `name = "w"
[[r2_buckets]]
binding = "INDEXES"
bucket_name = "bucket"
[[kv_namespaces]]
binding = "DOCUMENTS"
id = "namespace"
`;
  return writeFile(join(root, "wrangler.toml"), text);
}
