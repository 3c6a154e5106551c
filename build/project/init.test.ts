import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
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

  test("is not a file, and may begin with a byte order mark", async () => {
    await writeFile(join(root, "package.json"), `\uFEFF${JSON.stringify({ name: "shop" })}`);
    expect(() => init(join(root, "package.json"))).toThrow(/is a file, not a folder/);
    init(root);
    expect(JSON.parse(await read("package.json"))).toMatchObject({
      name: "shop",
      scripts: { dev: "wrangler dev" },
    });
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

  test.each([
    ["vars", { vars: { DOCUMENTS: "a" } }, "DOCUMENTS"],
    ["d1_databases", { d1_databases: [{ binding: "DOCUMENTS" }] }, "DOCUMENTS"],
    ["queues", { queues: { producers: [{ binding: "INDEXES" }] } }, "INDEXES"],
    ["durable_objects", { durable_objects: { bindings: [{ name: "INDEXES", class_name: "A" }] } }, "INDEXES"],
  ])("whose %s have a name that is needed is refused, and nothing is written", async (kind, worker, name) => {
    await writeFile(join(root, "wrangler.json"), JSON.stringify({ name: "a", ...worker }));
    expect(() => init(root)).toThrow(new RegExp(`has ${name} in ${kind}.*Nothing was written`));
    expect(await readdir(root)).toEqual(["wrangler.json"]);
  });

  test.runIf(existsSync("/proc/self"))("is not looked for where no folders can be made", () => {
    expect(() => init("/proc/annoy-edge/project")).toThrow(
      /\/proc\/annoy-edge\/project\/.* cannot be written/,
    );
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

  test("keeps environments, nested lists and comments of wrangler.toml as they are", async () => {
    const before = `# our shop
name = "shop"
rules = [
  ["a"],
]

[[r2_buckets]]
binding = "IMAGES"
bucket_name = "images"

[env.staging]
r2_buckets = [{ binding = "IMAGES", bucket_name = "images-staging" }]
`;
    await writeFile(join(root, "wrangler.toml"), before);
    const { next } = init(root);
    expect(parseConfig("wrangler.toml", await read("wrangler.toml"))).toMatchObject({
      main: "src/index.ts",
      rules: [["a"]],
      r2_buckets: [{ binding: "IMAGES" }, { binding: "INDEXES", bucket_name: "shop-indexes" }],
      env: { staging: { r2_buckets: [{ binding: "IMAGES", bucket_name: "images-staging" }] } },
    });
    expect(next.join("\n")).toContain("Give staging of wrangler.toml");
  });

  test("keeps its own lines, tabs and line ends in JSON", async () => {
    const before = '{\r\n\t"name": "shop",\r\n\t"main": "a.ts",\r\n}\r\n';
    await writeFile(join(root, "wrangler.jsonc"), before);
    init(root);
    const text = await read("wrangler.jsonc");
    expect(text.startsWith(before.slice(0, -4))).toBe(true);
    expect(text).toContain('\r\n\t"vars": {\r\n\t\t"INDEX_NAME": "docs",');
    expect(text.replaceAll("\r\n", "")).not.toContain("\n");
  });

  test.each([
    ['"INDEX_NAME": "shop-*, lamps"', "INDEXES", "lamps"],
    ['"INDEXES": "lamps"', "INDEX_BUCKET", "lamps"],
  ])("follows the indexes that its Worker serves by %s", async (vars, binding, index) => {
    await writeFile(join(root, "wrangler.json"), `{ "name": "shop", "vars": { ${vars} } }`);
    init(root);
    const project = parseConfig("wrangler.json", await read("wrangler.json"));
    expect(project).toMatchObject({ r2_buckets: [{ binding, bucket_name: "shop-indexes" }] });
    expect(project.vars).toEqual({ ...JSON.parse(`{${vars}}`), CORS_ORIGINS: "*" });
    expect(await read("annoy-edge.config.ts")).toContain(`name: "${index}"`);
    expect(init(root, { index: "chairs" }).next.join("\n")).toContain("Add chairs to the variable");
  });

  test("is run by its own package manager, from its folder of the repository", async () => {
    const inner = join(root, "packages/search");
    await mkdir(inner, { recursive: true });
    await mkdir(join(root, ".git"));
    await writeFile(join(root, "pnpm-lock.yaml"), "");
    await writeFile(
      join(inner, "package.json"),
      '{ "type": "commonjs", "scripts": { "deploy": "wrangler deploy --minify" } }',
    );
    const { created, next } = init(inner);
    const steps = next.join("\n");
    expect(steps).toContain("pnpm exec annoy-edge rebuild --remote   # its first index");
    expect(steps).toContain("to the root of the repository");
    expect(created).toContain("annoy-edge.config.mts");
    const { jobs } = parseYaml(await read("packages/search/.github/workflows/rebuild.yml"));
    expect(jobs.rebuild.defaults.run).toEqual({ "working-directory": "packages/search" });
    const commands = jobs.rebuild.steps.flatMap(({ run }: { run?: string }) => run ?? []);
    expect(commands).toEqual([
      "corepack enable",
      "pnpm install --frozen-lockfile",
      "pnpm exec annoy-edge rebuild --remote --if-changed",
    ]);
    expect(init(inner)).toMatchObject({ created: [], changed: [] });
  });

  test("keeps a program that is no Worker, and gets one beside it", async () => {
    await mkdir(join(root, "src"));
    await writeFile(join(root, "package.json"), "{}");
    await writeFile(join(root, "src/index.ts"), "server.listen(80);");
    await writeFile(join(root, "annoy-edge.config.mjs"), "export default {};");
    const { created } = init(root);
    expect(created).toContain("src/worker.ts");
    expect(created).not.toContain("annoy-edge.config.ts");
    expect(parseConfig("wrangler.jsonc", await read("wrangler.jsonc"))).toMatchObject({
      main: "src/worker.ts",
    });
  });
});
