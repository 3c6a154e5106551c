import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeWranglerToml } from "../../test/support/wrangler-toml.ts";
import { readManifest } from "../artifact/folder.ts";
import { build } from "./build.ts";
import { publish } from "./publishing.ts";
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

test("publishes again when another publisher was quicker", async () => {
  const name = "contested";
  const embedder = { embedDocuments: async (texts: string[]) => texts.map(vector), embedQuery };
  const vector = (text: string) => [text.length, 1];
  let other: string | undefined = join(root, "other");
  async function embedQuery(text: string) {
    // The golden query is asked between the reading of the pointer and its writing.
    if (text === "text d1" && other !== undefined) {
      const dir = other;
      other = undefined;
      await publish(dir, { root });
    }
    return vector(text);
  }
  const documents = [1, 2, 3].map((i) => ({ id: `d${i}`, pageContent: `text d${i}` }));
  await build({ documents: documents.slice(1), embedder, name, out: other });
  await writeFile(join(root, "texts.jsonl"), documents.map((each) => JSON.stringify(each)).join("\n"));
  Object.assign(globalThis, { contested: embedder });
  const config = join(root, "contested.config.ts");
  const golden = "golden: [{ query: 'text d1', expect: 'd1' }]";
  const settings = `source: "texts.jsonl", out: "contested", name: "${name}", splitter: "none"`;
  await writeFile(config, `export default { ${settings}, embedder: globalThis.contested, ${golden} };\n`);
  const ended = new AbortController();
  const outcomes: string[] = [];
  const onResult = ({ outcome }: { outcome: string }) => {
    outcomes.push(outcome);
    ended.abort();
  };
  const onFailure = ({ code }: { code: string }) => outcomes.push(code);
  await watch({ config, root, signal: ended.signal, onResult, onFailure });
  expect(outcomes).toEqual(["PUBLISH_CONFLICT", "promoted"]);
});

test("says that there is nothing to watch", async () => {
  const config = join(root, "none.config.ts");
  await writeFile(config, `export default { documents: [], out: "none", name: "none" };\n`);
  await expect(watch({ config, root })).rejects.toMatchObject({ code: "BAD_OPTION" });
  const absent = join(root, "absent.config.ts");
  await writeFile(absent, `export default { source: ["absent"], out: "none", name: "none" };\n`);
  await expect(watch({ config: absent, root })).rejects.toThrow(/absent, no file or folder is there/);
});
