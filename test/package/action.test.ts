import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { NAMESPACE, type RemoteServer, startRemoteServer } from "../publish/remote-server.ts";
import { ROOT } from "./packed.ts";

/** The step of action.yml that rebuilds, as GitHub's runner runs it, against a Cloudflare account that stands here. */
let folder: string;
let remote: RemoteServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "action-"));
  remote = await startRemoteServer(join(folder, "remote"));
  await mkdir(join(folder, "node_modules/.bin"), { recursive: true });
  await symlink(join(ROOT, "scripts/annoy-edge.js"), join(folder, "node_modules/.bin/annoy-edge"));
  const wrangler = {
    name: "docs",
    r2_buckets: [{ binding: "INDEXES", bucket_name: "bucket" }],
    kv_namespaces: [{ binding: "DOCUMENTS", id: NAMESPACE }],
    vars: { INDEX_NAME: "docs" },
  };
  await writeFile(join(folder, "wrangler.json"), JSON.stringify(wrangler));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(async () => {
  await remote.close();
  await rm(folder, { recursive: true, force: true });
});

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly steps: readonly {
      readonly id?: string;
      readonly run?: string;
      readonly env?: Readonly<Record<string, string>>;
    }[];
  };
}

async function runStep(inputs: Readonly<Record<string, string>>) {
  const action = parse(await readFile(join(ROOT, "action.yml"), "utf8")) as Action;
  const step = action.runs.steps.find(({ id }) => id === "rebuild")!;
  const filled = (expression: string) =>
    expression.replace(
      /\$\{\{ inputs\.([\w-]+) \}\}/,
      (_, name) => inputs[name] ?? action.inputs[name]!.default ?? "",
    );
  const files = { GITHUB_OUTPUT: join(folder, "output"), GITHUB_STEP_SUMMARY: join(folder, "summary") };
  for (const file of Object.values(files)) await writeFile(file, "");
  const script = join(folder, "step.sh");
  await writeFile(script, step.run!);
  await chmod(script, 0o755);
  const env = {
    ...process.env,
    ...remote.env,
    ...files,
    ...Object.fromEntries(Object.entries(step.env ?? {}).map(([name, value]) => [name, filled(value)])),
    RUNNER_TEMP: folder,
    GITHUB_ACTION_PATH: ROOT,
    PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
  };
  const args = ["--noprofile", "--norc", "-e", "-o", "pipefail", script];
  const { code = 0, stderr } = (await promisify(execFile)("bash", args, { cwd: folder, env }).catch(
    (error: unknown) => error,
  )) as { readonly code?: number; readonly stderr: string };
  const lines = (await readFile(files.GITHUB_OUTPUT, "utf8")).trim().split("\n");
  const outputs = Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
  // What the action promises is what the step says.
  for (const [name, { value }] of Object.entries(action.outputs)) {
    expect(value).toBe(`\${{ steps.rebuild.outputs.${name} }}`);
    expect(outputs, stderr).toHaveProperty(name);
  }
  return { code, outputs, summary: await readFile(files.GITHUB_STEP_SUMMARY, "utf8") };
}

const configure = (documents: readonly string[], rest = "") =>
  writeFile(
    join(folder, "annoy-edge.config.js"),
    `export default { name: "docs", embedder: "static", jobs: 1, out: "out", documents: ${JSON.stringify(
      documents.map((pageContent, i) => ({ id: `d${i}`, pageContent })),
    )}, ${rest} };`,
  );

test("publishes, leaves alone what has not changed, and fails where a golden query does", async () => {
  const inputs = { "api-token": remote.env.CLOUDFLARE_API_TOKEN! };
  await configure(["a small dog", "a pizza with cheese"]);
  const planned = await runStep({ ...inputs, "dry-run": "true" });
  expect(planned).toMatchObject({ code: 0, outputs: { outcome: "planned" } });
  const published = await runStep(inputs);
  expect(published).toMatchObject({ code: 0, outputs: { outcome: "published", added: "2", removed: "0" } });
  expect(published.summary).toContain("docs published");
  const again = await runStep(inputs);
  expect(again).toMatchObject({
    code: 0,
    outputs: { outcome: "unchanged", version: published.outputs.version },
  });
  await configure(["a small dog"], 'golden: [{ query: "pizza", expect: "d1" }]');
  const rejected = await runStep(inputs);
  expect(rejected.code).toBe(1);
  expect(rejected.outputs.outcome).toBe("rejected");
  expect(rejected.summary).toMatch(/^\| error \|.*<br>- GOLDEN_QUERY: "pizza" does not find d1.*\|$/m);
}, 120_000);
