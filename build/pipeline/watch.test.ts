import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeWranglerToml } from "../../test/support/wrangler-toml.ts";
import { readManifest } from "../artifact/folder.ts";
import { watch } from "./watch.ts";

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "annoy-edge-watch-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const line = (id: string, x: number) => `${JSON.stringify({ id, text: `text ${id}`, vector: [x, 1, 2] })}\n`;

test("rebuilds when a source changes, goes on after a fault, and ends by its signal", async () => {
  const file = join(root, "documents.jsonl");
  const config = join(root, "annoy-edge.config.ts");
  await writeWranglerToml(root);
  await writeFile(file, [1, 2, 3].map((x) => line(`d${x}`, x)).join(""));
  await writeFile(
    config,
    `export default { source: "documents.jsonl", out: "built", name: "watched", embedder: "none" };\n`,
  );
  const ended = new AbortController();
  const outcomes: string[] = [];
  const done = watch({
    config,
    root,
    signal: ended.signal,
    onResult: ({ outcome }) => outcomes.push(outcome),
    onFailure: ({ code }) => outcomes.push(code),
  });
  const until = (count: number) => expect.poll(() => outcomes.length, { timeout: 40_000 }).toBe(count);
  await until(1);
  await appendFile(file, "no JSON\n");
  await until(2);
  await writeFile(file, [1, 2, 4].map((x) => line(`d${x}`, x)).join(""));
  await until(3);
  ended.abort();
  await done;
  expect(outcomes[0]).toBe("published");
  expect(outcomes.slice(1)).toEqual([expect.stringMatching(/^[A-Z_]+$/), "published"]);
  expect((await readManifest(join(root, "built"))).base).toMatchObject({ added: 1, removed: 1 });
});

test("says that there is nothing to watch", async () => {
  const config = join(root, "none.config.ts");
  await writeFile(config, `export default { documents: [], out: "none", name: "none" };\n`);
  await expect(watch({ config, root })).rejects.toMatchObject({ code: "BAD_OPTION" });
  const absent = join(root, "absent.config.ts");
  await writeFile(absent, `export default { source: ["absent"], out: "none", name: "none" };\n`);
  await expect(watch({ config: absent, root })).rejects.toThrow(/absent, no file or folder is there/);
});
