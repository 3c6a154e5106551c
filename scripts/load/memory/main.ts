/**
 * `npm run memory`: peak memory of an isolate in workerd, by V8's inspector, after cold requests, under lanes of requests
 * and over swaps of versions. Of the demo (`--demo`), or of a smaller index whose hot part is filled up to `--hot` MB.
 * V8's heap is limited to `--heap` MB, as the platform's isolates are; 0: not at all. Then the time of an isolate's first
 * answer, beside a plain read of the same bytes. Exit code 1 when a peak is above `--most` MB.
 */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalStore } from "../../../build/publish/local.ts";
import { ISOLATE_BYTES } from "../../../worker/core/format/budget.ts";
import { ROOT, tool } from "../../bench/tool.ts";
import { decimal, EXIT, wholeNumber } from "../../cli/run.ts";
import { buildDemo } from "../../demo/index.ts";
import { buildMemoryCorpus } from "./corpus.ts";
import { measureFirst } from "./first.ts";
import { IDS, startIsolate } from "./isolate.ts";
import { type Measured, measureSituations, totalOf } from "./situations.ts";
import { writeVersions } from "./versions.ts";

const ITEMS = 20_000;
const FIRST_ROUNDS = 5;
const WORDS = [
  "a small dog",
  "a device for measuring time",
  "to walk slowly",
  "feeling of joy",
  "a body of water",
  "a person who works",
  "kind of plant",
  "very large animal",
  "a musical instrument",
  "part of a ship",
];

const { demo, hot, heap, most, ...load } = tool(
  "memory",
  "Measures the peak memory of an isolate in workerd, and the time of its first answer.",
)
  .option("--demo", "the demo's index")
  .option("--hot <MB>", "fill the hot part of a small index up to so much", decimal, 0)
  .option("--lanes <n>", "requests at a time", wholeNumber(1), 64)
  .option("--seconds <n>", "seconds under lanes", decimal, 10)
  .option("--swaps <n>", "versions that the pointer moves to", wholeNumber(1), 4)
  .option("--heap <MB>", "limit of V8's heap; 0 for none", decimal, ISOLATE_BYTES / 1e6)
  .option("--most <MB>", "a peak above it fails", decimal, 120)
  .parse()
  .opts<{ demo?: boolean } & Record<"hot" | "heap" | "lanes" | "seconds" | "swaps" | "most", number>>();

await using folder = await mkdtempDisposable(join(tmpdir(), "annoy-edge-memory-"));
await using cleanup = new AsyncDisposableStack();
const store = await openLocalStore({ root: ROOT, persistTo: folder.path, ids: IDS });
cleanup.defer(() => store.close());
const dir = demo ? (await buildDemo({ root: ROOT })).dir : join(folder.path, "artifact");
if (!demo) await buildMemoryCorpus(dir, ITEMS);
const versions = await writeVersions({ store, dir, hotBytes: hot * 1e6, count: 2 });
const { name } = versions;
await measureMemory();
const body = JSON.stringify({ query: WORDS[0], k: 10 });
const first = await measureFirst({ state: folder.path, store, name, body, rounds: FIRST_ROUNDS });
console.log(
  `first answer of an isolate: ${first.ms.toFixed(0)} ms, reads ${megabytes(first.hotBytes)} MB of index and ${megabytes(first.encoderBytes)} MB of encoder; a plain read of them ${first.plainMs.toFixed(0)} ms (medians of ${FIRST_ROUNDS})`,
);

async function measureMemory(): Promise<void> {
  const variables = { INDEX_NAME: name, REFRESH_SECONDS: "0.5" };
  await using isolate = await startIsolate({ state: folder.path, variables, heapBytes: heap * 1e6 });
  console.log(`index ${name}, hot part ${megabytes(versions.hotBytes)} MB; all in MB`);
  console.log(row("", ["heap", "buffers", "encoder", "peak", "after GC", "requests", "other answers"]));
  const questions = WORDS.flatMap((query) => [
    { query, k: 10 },
    { query: `${query} at night`, k: 50 },
  ]);
  const measured = await measureSituations(isolate, versions, {
    ...{ bodies: questions.map((question) => JSON.stringify(question)), ...load },
    onMeasured: (one) => console.log(describe(one)),
  });
  process.exitCode = measured.some((one) => totalOf(one) > most * 1e6) ? EXIT.failed : EXIT.done;
}

function describe(measured: Measured): string {
  const { situation, peak, encoder, left, requests, others } = measured;
  const bytes = [peak.heap, peak.buffers, encoder, totalOf(measured), left + encoder].map(megabytes);
  const other = Object.entries(others).map(([status, count]) => `${count} x ${status}`);
  return row(situation, [...bytes, String(requests), other.join(", ") || "none"]);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(26) + cells.map((cell) => cell.padStart(10)).join("");
}
