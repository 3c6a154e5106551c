import { join } from "node:path";
import { readManifest } from "../../../build/artifact/folder.ts";
import { openLocalIndex } from "../../../build/index.ts";
import { openLocalStore } from "../../../build/publish/local.ts";
import { publish } from "../../../build/publish/publish.ts";
import { withStore } from "../../../build/publish/store.ts";
import { shardFolder } from "../../../worker/core/format/keys.ts";
import { ROOT } from "../../bench/tool.ts";
import { IDS, startIsolate } from "../memory/isolate.ts";
import { bodyOf, isTooLarge } from "./requests.ts";
import { type Trial, type Trials, vocabularyOf } from "./search.ts";

/** Requests to an index in shards, served by workerd. */
export type Served = Trials & AsyncDisposable;

/**
 * Publishes an index in shards locally, and serves it from workerd with its Durable Objects. A request costs what the
 * Worker or the busiest of its shards takes, whichever is more. The Worker's part is what the process takes beyond the
 * shards' calls: workerd's own work, and that of its stand-ins for R2 and KV, count as the Worker's. Calls are timed by the
 * clock, of which the process has run a part; so other processes count for nothing.
 *
 * @param dir artifact in shards
 * @param state folder of the local state that it is published to
 */
export async function serveShards(dir: string, state: string, random: () => number): Promise<Served> {
  const open = () => openLocalStore({ root: ROOT, persistTo: state, ids: IDS });
  const options = { by: "npm run worst", force: true };
  const { name } = await withStore(open, (store) => publish(store, dir, options));
  const { dimensions } = await readManifest(dir);
  const part = await openLocalIndex(join(dir, shardFolder(0)));
  const vocabulary = vocabularyOf(part);
  await part.close();
  const isolate = await startIsolate({
    state,
    variables: { INDEX_NAME: name, SHARD_TIMEOUT_SECONDS: "60", REQUEST_TIMEOUT_SECONDS: "120" },
    heapBytes: 0,
    entry: join(import.meta.dirname, "measured.js"),
  });
  const took = async () => (await (await fetch(new URL("/took", isolate.url))).json()) as number[];
  await fetch(new URL("/v1/warm-up", isolate.url));
  return {
    [Symbol.asyncDispose]: isolate[Symbol.asyncDispose],
    async run(shape) {
      const body = bodyOf(shape, vocabulary, dimensions, random);
      if (isTooLarge(body, shape)) return undefined;
      await took();
      const before = { cpu: isolate.cpuSeconds(), clock: performance.now() };
      const path = shape.searches === 1 ? "/v1/search" : "/v1/search/batch";
      const headers = { "content-type": "application/json" };
      const response = await fetch(new URL(path, isolate.url), { method: "POST", headers, body });
      const answer = await response.text();
      const cpu = 1000 * (isolate.cpuSeconds() - before.cpu);
      const running = Math.min(1, cpu / (performance.now() - before.clock));
      const shards = (await took()).map((ms) => ms * running);
      return { shape, bodyBytes: body.length, ...costOf(cpu, shards), ...outcomeOf(response, answer) };
    },
  };
}

/** @param all milliseconds of the process */
function costOf(all: number, shards: readonly number[]): Pick<Trial, "cpu" | "parts" | "units"> {
  const worker = Math.max(0, all - shards.reduce((sum, ms) => sum + ms, 0));
  return { cpu: Math.max(worker, ...shards), parts: { worker, shards }, units: 0 };
}

function outcomeOf({ ok, status }: Response, answer: string): Pick<Trial, "outcome" | "answerBytes"> {
  const { code, partial } = JSON.parse(answer) as { code?: string; partial?: boolean };
  const outcome = ok ? (partial ? "partial" : "200") : (code ?? String(status));
  return { outcome, answerBytes: answer.length };
}
