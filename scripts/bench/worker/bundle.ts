import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compileText } from "../../../build/numeric/compile.ts";
import { PeerUnavailable } from "../types.ts";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));

export const COMPATIBILITY_DATE = "2026-10-20";

/**
 * Bundles a peer's Worker with wrangler, as a deployment would.
 *
 * @param folder where the peer's `node_modules` are; the Worker's source is copied there, so that its imports find them.
 *   Without it the source is bundled where it lies.
 * @returns the folder of the bundle, whose entry is `<name>.js`
 */
export async function bundleWorker(name: string, cache: string, folder?: string): Promise<string> {
  const out = join(cache, "workers", name);
  await mkdir(out, { recursive: true });
  const source = folder ?? here;
  if (folder !== undefined) {
    for (const file of [`${name}.js`, "serve.js"]) await copyFile(join(here, file), join(folder, file));
  }
  if (name === "flat-int8") {
    const wasm = await compileText(await readFile(join(here, "flat-int8.wat"), "utf8"));
    await writeFile(join(source, "flat-int8.wasm"), wasm);
  }
  const config = join(out, "wrangler.json");
  await writeFile(
    config,
    JSON.stringify({
      name: `bench-${name}`,
      main: join(source, `${name}.js`),
      compatibility_date: COMPATIBILITY_DATE,
      compatibility_flags: ["nodejs_compat"],
      r2_buckets: [{ binding: "INDEXES", bucket_name: "bench" }],
    }),
  );
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
    "bin",
    "wrangler.js",
  );
  const bundle = join(out, "bundle");
  try {
    await run(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", bundle, "--config", config], {
      cwd: out,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
    });
  } catch (error) {
    const { stderr, stdout } = error as { stderr?: string; stdout?: string };
    const text = `${stderr ?? ""}${stdout ?? ""}`.trim();
    throw new PeerUnavailable(`wrangler cannot bundle the Worker of ${name}: ${text.slice(0, 400)}`);
  }
  return bundle;
}
