import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { indexName } from "../settings/names.ts";
import { parseConfig, readWranglerProject } from "../settings/wrangler.ts";
import { init } from "./init.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-init-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const read = (file: string) => readFile(join(root, file), "utf8");

describe("a new project", () => {
  test.each(["api", "site"] as const)(
    "from template %s has what publishing and deploying need",
    async (template) => {
      const result = init(join(root, "My Search"), { template, index: "handbook" });
      expect(result.changed).toEqual([]);
      const project = readWranglerProject(result.root);
      expect(project).toMatchObject({ worker: "my-search", bucket: { id: "my-search-indexes" } });
      expect(indexName(undefined, result.root)).toBe("handbook");
      const files = await readdir(result.root, { recursive: true });
      expect(files).toEqual(expect.arrayContaining([...result.created]));
      expect(files).toContain("src/index.ts");
    },
  );

  test("is left alone by a second run", () => {
    init(root);
    const again = init(root);
    expect(again.created).toEqual([]);
    expect(again.changed).toEqual([]);
    expect(again.kept).toContain("wrangler.jsonc");
  });

  test("is only described by a dry run", async () => {
    expect(init(root, { dryRun: true }).created).toContain("package.json");
    expect(await readdir(root)).toEqual([]);
  });
});

const EXISTING_JSONC = `{
  // our shop
  "name": "shop",
  "main": "src/app.ts",
  "compatibility_date": "2026-01-01", // kept
  "kv_namespaces": [{ "binding": "SESSIONS", "id": "s" }],
  "vars": { "GREETING": "hello" },
}
`;

describe("an existing project", () => {
  test("gains what it lacks in wrangler.jsonc, comments and values kept", async () => {
    await writeFile(join(root, "wrangler.jsonc"), EXISTING_JSONC);
    const manifest = { name: "@us/shop", scripts: { dev: "vite" }, dependencies: { hono: "4.0.0" } };
    await writeFile(join(root, "package.json"), JSON.stringify(manifest));
    await writeFile(join(root, ".gitignore"), "node_modules\nsecret");
    const { changed, created, next } = init(root);
    const text = await read("wrangler.jsonc");
    expect(text).toContain("// our shop");
    expect(text).toContain('"2026-01-01", // kept');
    expect(parseConfig("wrangler.jsonc", text)).toMatchObject({
      name: "shop",
      main: "src/app.ts",
      kv_namespaces: [{ binding: "SESSIONS", id: "s" }, { binding: "DOCUMENTS" }],
      r2_buckets: [{ binding: "INDEXES", bucket_name: "shop-indexes" }],
      vars: { GREETING: "hello", INDEX_NAME: "docs" },
    });
    expect(JSON.parse(await read("package.json"))).toMatchObject({
      name: "@us/shop",
      scripts: { dev: "vite", deploy: expect.any(String) },
      dependencies: { hono: "4.0.0", "annoy-edge": expect.any(String) },
    });
    expect(await read(".gitignore")).toMatch(/^node_modules\nsecret\n\.wrangler\/\n/);
    expect(created).not.toContain("src/index.ts");
    expect(created).toContain("annoy-edge.config.ts");
    expect(next.at(-1)).toContain("# the Worker, then its first index");
    const told = changed.flatMap(({ added }) => added).join("\n");
    expect(told).toContain('kv_namespaces: {"binding":"DOCUMENTS"}');
    expect(told).not.toContain("GREETING");
  });

  test("publishes by a command where its deploy script is its own", async () => {
    await writeFile(
      join(root, "package.json"),
      JSON.stringify({ scripts: { deploy: "wrangler deploy --minify" } }),
    );
    const { next } = init(root, { dryRun: true });
    expect(next.at(-1)).toBe("npx annoy-edge rebuild --remote   # its first index");
  });

  test("gains it in wrangler.toml", async () => {
    const before = `# our shop
name = "shop"
main = "src/app.ts"
kv_namespaces = [{ binding = "SESSIONS", id = "s" }]

[[r2_buckets]]
binding = "IMAGES"
bucket_name = "images"

[vars] # of the shop
GREETING = "hello"
`;
    await writeFile(join(root, "wrangler.toml"), before);
    init(root);
    const text = await read("wrangler.toml");
    for (const line of before.split("\n").filter((line) => !line.startsWith("kv_")))
      expect(text).toContain(line);
    expect(parseConfig("wrangler.toml", text)).toMatchObject({
      name: "shop",
      compatibility_date: "2026-10-20",
      kv_namespaces: [{ binding: "DOCUMENTS" }, { binding: "SESSIONS", id: "s" }],
      r2_buckets: [
        { binding: "IMAGES", bucket_name: "images" },
        { binding: "INDEXES", bucket_name: expect.stringMatching(/-indexes$/) },
      ],
      vars: { GREETING: "hello", INDEX_NAME: "docs" },
    });
    expect(init(root).changed).toEqual([]);
  });

  test("that cannot be read is refused, and nothing is written", async () => {
    await writeFile(join(root, "package.json"), "{ broken");
    expect(() => init(root)).toThrow(/package.json cannot be added to/);
    expect(await readdir(root)).toEqual(["package.json"]);
  });

  test("takes the package from where the folder above has it", async () => {
    await writeFile(
      join(root, "package.json"),
      '{ "dependencies": { "annoy-edge": "file:annoy-edge-0.1.0.tgz" } }',
    );
    await mkdir(join(root, "inner"));
    init(join(root, "inner"));
    const manifest = JSON.parse(await read("inner/package.json"));
    expect(manifest.dependencies["annoy-edge"]).toBe("file:../annoy-edge-0.1.0.tgz");
  });
});
