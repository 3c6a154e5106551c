import { join } from "node:path";
import { readManifest } from "../../../build/artifact/folder.ts";
import { openLocalIndex } from "../../../build/index.ts";
import { openLocalStore } from "../../../build/publish/local.ts";
import { publish } from "../../../build/publish/publish.ts";
import { shardFolder } from "../../../worker/core/format/keys.ts";
import { childrenNamed, cpuSecondsOf } from "../../bench/cpu.ts";
import { IDS, startIsolate } from "../memory/isolate.ts";
import { BODY_BYTES, bodyOf } from "./requests.ts";
import { type Trial, type Trials, vocabularyOf } from "./search.ts";

export interface ServeOptions {
  /** Root of the project. */
  readonly root: string;
  /** Artifact in shards. */
  readonly dir: string;
  /** Folder of the local state that it is published to. */
  readonly state: string;
  readonly random: () => number;
}

/** Requests to an index in shards, served by workerd. */
export interface Served extends Trials {
  stop(): Promise<void>;
}

/**
 * Publishes an index in shards locally, and serves it from workerd with its Durable Objects. A request costs what the
 * Worker or the busiest of its shards takes, whichever is more. The Worker's part is what the process takes beyond the
 * shards' calls: workerd's own work, and that of its stand-ins for R2 and KV, count as the Worker's. Calls are timed by the
 * clock, of which the process has run a part; so other processes count for nothing.
 */
export async function serveShards({ root, dir, state, random }: ServeOptions): Promise<Served> {
  const store = await openLocalStore({ root, persistTo: state, ids: IDS });
  const { name } = await publish(store, dir, { by: "npm run worst", force: true }).finally(() =>
    store.close(),
  );
  const { dimensions } = await readManifest(dir);
  const part = await openLocalIndex(join(dir, shardFolder(0)));
  const vocabulary = vocabularyOf(part);
  await part.close();
  const others = new Set(childrenNamed("workerd"));
  const isolate = await startIsolate(
    root,
    state,
    { INDEX_NAME: name, SHARD_TIMEOUT_SECONDS: "60", REQUEST_TIMEOUT_SECONDS: "120" },
    { heapBytes: 0, entry: join(root, "scripts/load/worst/measured.js") },
  );
  const pid = childrenNamed("workerd").find((child) => !others.has(child));
  const seconds = () => (pid === undefined ? undefined : cpuSecondsOf(pid)) ?? performance.now() / 1000;
  const took = async () => (await (await fetch(new URL("/took", isolate.url))).json()) as number[];
  await fetch(new URL("/v1/warm-up", isolate.url));
  return {
    stop: isolate.stop,
    async run(shape) {
      const body = bodyOf(shape, vocabulary, dimensions, random);
      const kind = shape.searches === 1 ? "search" : "batch";
      if (body.length > BODY_BYTES[kind]) return undefined;
      await took();
      const before = { cpu: seconds(), clock: performance.now() };
      const path = kind === "batch" ? "/v1/search/batch" : "/v1/search";
      const headers = { "content-type": "application/json" };
      const response = await fetch(new URL(path, isolate.url), { method: "POST", headers, body });
      const answer = await response.text();
      const cpu = 1000 * (seconds() - before.cpu);
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
