import { mkdtempDisposable } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "../../worker/client/index.ts";
import { note, print, ROOT, tool } from "../bench/tool.ts";
import { wordNetTexts } from "../bench/wordnet.ts";
import { columns } from "../cli/describe.ts";
import { EXIT, wholeNumber } from "../cli/run.ts";
import { buildDemo, publishLocally, serve } from "../demo/index.ts";
import { drive, type LoadResult } from "./drive.ts";

const WARM_UP_SECONDS = 3;
const QUERIES = 2000;

/**
 * `npm run load`: searches of the demo's index under load, all different, beside a bare Hono route on the same workerd over
 * the same loopback: the difference is what searching costs. Client and server share this machine, so the figures say how
 * the two compare rather than what an edge can do.
 */
const { url, json, connections, seconds, k } = tool(
  "load",
  "Measures searches of the demo's index under load, beside a bare Hono route on the same workerd.",
)
  .option("--connections <n>", "requests at a time", wholeNumber(1), 64)
  .option("--seconds <n>", "seconds of each measurement", wholeNumber(1), 60)
  .option("-k, --k <n>", "hits a search", wholeNumber(1), 10)
  .option("--url <url>", "a Worker that runs already, such as http://localhost:8787")
  .option("--json", "print one JSON object")
  .parse()
  .opts<{ connections: number; seconds: number; k: number; url?: string; json?: boolean }>();

if (url === undefined) {
  note("building and publishing the demo's index, unless it is there");
  const { dir } = await buildDemo({ root: ROOT });
  await publishLocally(dir, { root: ROOT });
}
note("measuring: bare Hono route");
const bare = await measureBare();
note("measuring: search by text");
const { index, search } = await measureSearch();
print(json ? { ...index, connections, search, bare } : describe());
process.exitCode = search.errors + bare.errors > 0 ? EXIT.failed : EXIT.done;

async function measureBare(): Promise<LoadResult> {
  await using state = await mkdtempDisposable(join(tmpdir(), "annoy-edge-load-"));
  await using server = await serve({ root: join(import.meta.dirname, "bare"), persistTo: state.path });
  return await warmAndDrive(server.url, [JSON.stringify({ query: "a small dog", k })]);
}

async function measureSearch() {
  // A log line goes through wrangler to a terminal, which costs this machine more than the search and an edge nothing.
  await using server = url === undefined ? await serve({ root: ROOT, variables: { LOG: "errors" } }) : null;
  const origin = server?.url ?? url ?? "";
  const { index, version, items } = await createClient(origin, { timeout: 60_000 }).index();
  const search = await warmAndDrive(origin, await queries());
  return { index: { index, version, items }, search };
}

async function warmAndDrive(origin: string, bodies: readonly string[]): Promise<LoadResult> {
  const load = { url: new URL("/v1/search", origin).href, connections, bodies };
  await drive({ ...load, signal: AbortSignal.timeout(Math.min(WARM_UP_SECONDS, seconds) * 1000) });
  return drive({ ...load, signal: AbortSignal.timeout(seconds * 1000) });
}

/** Queries in WordNet's words, all different: a few words from the middle of each of many definitions. */
async function queries(): Promise<string[]> {
  const texts = await wordNetTexts();
  const step = Math.floor(texts.length / QUERIES);
  return Array.from({ length: QUERIES }, (_, i) => {
    const words = texts[i * step]!.split(/\s+/);
    const from = Math.max(0, Math.floor(words.length / 2) - 2);
    return JSON.stringify({ query: words.slice(from, from + 4).join(" "), k });
  });
}

function describe(): string {
  const row = (name: string, result: LoadResult) => [
    ...[name, result.perSecond.toFixed(0)],
    ...[result.p50, result.p90, result.p99, result.max].map((ms) => `${ms.toFixed(1)} ms`),
    ...[String(result.requests), String(result.errors)],
  ];
  const head = ["", "req/s", "p50", "p90", "p99", "max", "requests", "errors"];
  const share = ((100 * search.perSecond) / bare.perSecond).toFixed(0);
  return [
    `index ${index.index}, version ${index.version}, ${index.items} items; ${connections} connections, ${search.seconds.toFixed(0)} s each`,
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}; client and server share them`,
    "",
    columns([head, row("search by text", search), row("bare Hono route", bare)], [0]),
    `searches reach ${share}% of the bare route's requests a second`,
  ].join("\n");
}
