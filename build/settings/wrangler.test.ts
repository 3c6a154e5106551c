import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";
import { matchesName } from "../../worker/core/format/keys.ts";
import { indexName, servedNames } from "./names.ts";
import { findWranglerProject, readWranglerProject } from "./wrangler.ts";

const CONFIG = {
  name: "search",
  main: "worker.js",
  compatibility_date: "2026-10-20",
  account_id: "account",
  r2_buckets: [{ binding: "INDEXES", bucket_name: "prod-bucket", preview_bucket_name: "preview-bucket" }],
  kv_namespaces: [{ binding: "DOCUMENTS", id: "prod-id", preview_id: "preview-id" }],
  vars: { INDEX_NAME: "docs" },
  env: {
    staging: {
      r2_buckets: [{ binding: "INDEXES", bucket_name: "staging-bucket" }],
      kv_namespaces: [{ binding: "DOCUMENTS" }],
      vars: { INDEX_NAME: "docs-staging" },
    },
  },
};

const TOML = `
name = "search"
main = "worker.js"
compatibility_date = "2026-10-20"
account_id = "account"
r2_buckets = [{ binding = "INDEXES", bucket_name = "prod-bucket", preview_bucket_name = "preview-bucket" }]

[[kv_namespaces]]
binding = "DOCUMENTS"
id = "prod-id"
preview_id = "preview-id"

[vars]
INDEX_NAME = "docs" # a comment

[env.staging]
r2_buckets = [{ binding = "INDEXES", bucket_name = "staging-bucket" }]
kv_namespaces = [{ binding = "DOCUMENTS" }]
vars = { INDEX_NAME = "docs-staging" }
`;

const FILES: Readonly<Record<string, string>> = {
  "wrangler.json": JSON.stringify(CONFIG),
  "wrangler.jsonc": `// with comments\n${JSON.stringify(CONFIG, null, 2).replace(/\}$/, ",}")}`,
  "wrangler.toml": TOML,
};

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-wrangler-"));
  await writeFile(join(root, "worker.js"), "export default {}");
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe.each(Object.entries(FILES))("%s", (file, text) => {
  test.each([undefined, "staging"])("means in environment %s what it means to wrangler", async (env) => {
    const path = join(root, file);
    await writeFile(path, text);
    const project = readWranglerProject(root, env);
    const config = unstable_readConfig({ config: path, ...(env && { env }) });
    const { workerOptions } = unstable_getMiniflareWorkerOptions(path, env);
    expect(project).toMatchObject({
      path,
      worker: config.name,
      account: config.account_id,
      bucket: { id: config.r2_buckets[0]?.bucket_name },
      namespace: { id: config.kv_namespaces[0]?.id },
      indexes: config.vars.INDEX_NAME,
    });
    expect(workerOptions.r2Buckets).toMatchObject({ INDEXES: { id: project.bucket?.localId } });
    expect(workerOptions.kvNamespaces).toMatchObject({ DOCUMENTS: { id: project.namespace?.localId } });
  });
});

test("index, bucket, namespace and Worker come from the environment that CLOUDFLARE_ENV names", async () => {
  await writeFile(join(root, "wrangler.jsonc"), FILES["wrangler.jsonc"]!);
  process.env.CLOUDFLARE_ENV = "staging";
  try {
    expect(indexName(undefined, root)).toBe("docs-staging");
    expect(readWranglerProject(root)).toMatchObject({
      worker: "search-staging",
      bucket: { id: "staging-bucket" },
      namespace: { id: undefined, localId: "DOCUMENTS" },
    });
    expect(() => readWranglerProject(root, "production")).toThrow(
      'no environment "production"; it has staging',
    );
  } finally {
    delete process.env.CLOUDFLARE_ENV;
  }
  expect(indexName(undefined, root)).toBe("docs");
});

test("a list of indexes names the first for commands, and patterns name none", async () => {
  const vars = { INDEXES: "shop-*, blog docs" };
  const bucket = { binding: "INDEX_BUCKET", bucket_name: "bucket" };
  await writeFile(
    join(root, "wrangler.json"),
    JSON.stringify({ name: "search", r2_buckets: [bucket], vars }),
  );
  expect(servedNames(root)).toEqual(["shop-*", "blog", "docs"]);
  expect(indexName(undefined, root)).toBe("blog");
  expect(readWranglerProject(root).bucket?.id).toBe("bucket");
});

test.each([
  ["wrangler.toml", 'name = "a\n', "wrangler.toml cannot be read: Invalid TOML document"],
  [
    "wrangler.jsonc",
    '{\n  "name": "a"\n  "main" }',
    "wrangler.jsonc cannot be read: CommaExpected in line 3",
  ],
  ["wrangler.json", "[]", "it holds no object"],
])("a %s that cannot be read is refused with its fault", async (file, text, message) => {
  await writeFile(join(root, file), text);
  expect(() => findWranglerProject(root)).toThrow(
    expect.objectContaining({ code: "BAD_WRANGLER_CONFIG", message: expect.stringContaining(message) }),
  );
});

test("a folder without a configuration has none", () => {
  expect(findWranglerProject(root)).toBeUndefined();
  expect(indexName(undefined, root)).toBe("index");
  expect(() => readWranglerProject(root)).toThrow("has no wrangler.json, wrangler.jsonc, wrangler.toml");
});

test.each([
  ["docs", "docs", true],
  ["docs", "docs2", false],
  ["shop-*", "shop-de", true],
  ["shop-*", "shop-", true],
  ["shop-*", "workshop-de", false],
  ["*", "anything", true],
  ["a*b*c", "a1b2c", true],
  ["a*b*c", "abc", true],
  ["a*b*c", "acb", false],
  ["ab*ba", "aba", false],
])("the pattern %s names %s: %s", (pattern, name, expected) => {
  expect(matchesName(pattern, name)).toBe(expected);
});
