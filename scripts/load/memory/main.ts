/**
 * `npm run memory`: peak memory of an isolate in workerd, by V8's inspector, after cold requests, under lanes of requests
 * and over swaps of versions. Of the demo (`--demo`), or of a smaller index whose hot part is filled up to `--hot` MB.
 * V8's heap is limited to `--heap` MB, as the platform's isolates are; 0: not at all. Then the time of an isolate's first
 * answer, beside a plain read of the same bytes. Exit code 1 when a peak is above `--most` MB.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openLocalStore } from "../../../build/publish/local.ts";
import { ISOLATE_BYTES } from "../../../worker/core/format/budget.ts";
import { EXIT } from "../../cli/run.ts";
import { buildDemo } from "../../demo/index.ts";
import { buildMemoryCorpus } from "./corpus.ts";
import { measureFirst } from "./first.ts";
import { IDS, startIsolate } from "./isolate.ts";
import { type Measured, measureSituations, totalOf } from "./situations.ts";
import { writeVersions } from "./versions.ts";

const HELP =
  "usage: npm run memory -- [--demo | --hot 61] [--lanes 64] [--seconds 10] [--swaps 4] [--heap 128] [--most 120]";
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

const { values } = parseArgs({
  options: {
    demo: { type: "boolean", default: false },
    hot: { type: "string", default: "0" },
    lanes: { type: "string", default: "64" },
    seconds: { type: "string", default: "10" },
    swaps: { type: "string", default: "4" },
    heap: { type: "string", default: String(ISOLATE_BYTES / 1e6) },
    most: { type: "string", default: "120" },
  },
});
const [hot, heap, lanes, seconds, swaps, most] = [
  values.hot,
  values.heap,
  values.lanes,
  values.seconds,
  values.swaps,
  values.most,
].map(Number) as [number, number, number, number, number, number];
if (![lanes, seconds, swaps, most].every((value) => value > 0) || !(hot >= 0 && heap >= 0)) {
  process.stderr.write(`${HELP}\n`);
  process.exit(EXIT.usage);
}

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const folder = await mkdtemp(join(tmpdir(), "annoy-edge-memory-"));
const store = await openLocalStore({ root, persistTo: folder, ids: IDS });
try {
  const dir = values.demo ? (await buildDemo({ root })).dir : join(folder, "artifact");
  if (!values.demo) await buildMemoryCorpus(dir, ITEMS);
  const versions = await writeVersions({ store, dir, hotBytes: hot * 1e6, count: 2 });
  const variables = { INDEX_NAME: versions.name, REFRESH_SECONDS: "0.5" };
  const isolate = await startIsolate(root, folder, variables, heap * 1e6);
  try {
    console.log(`index ${versions.name}, hot part ${megabytes(versions.hotBytes)} MB; all in MB`);
    console.log(row("", ["heap", "buffers", "encoder", "peak", "after GC", "requests", "other answers"]));
    const bodies = WORDS.flatMap((query) => [bodyOf(query, 10), bodyOf(`${query} at night`, 50)]);
    const measured = await measureSituations(isolate, versions, {
      ...{ bodies, lanes, seconds, swaps },
      onMeasured: (one) => console.log(describe(one)),
    });
    process.exitCode = measured.some((one) => totalOf(one) > most * 1e6) ? EXIT.failed : EXIT.done;
  } finally {
    await isolate.stop();
  }
  const body = bodyOf(WORDS[0]!, 10);
  const first = await measureFirst({
    ...{ root, state: folder, store, name: versions.name, body, rounds: FIRST_ROUNDS },
  });
  console.log(
    `first answer of an isolate: ${first.ms.toFixed(0)} ms, reads ${megabytes(first.hotBytes)} MB of index and ${megabytes(first.encoderBytes)} MB of encoder; a plain read of them ${first.plainMs.toFixed(0)} ms (medians of ${FIRST_ROUNDS})`,
  );
} finally {
  await store.close();
  await rm(folder, { recursive: true, force: true });
}

function bodyOf(query: string, k: number): string {
  return JSON.stringify({ query, k });
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
