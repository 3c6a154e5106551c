import type { Codec } from "../../worker/core/format/constants.ts";
import { READ_LIMITS } from "../../worker/storage/cold.ts";

/** Assumptions where nothing is published and nothing could be measured here. Milliseconds. */
const ASSUMED = {
  /** A ranged read of R2 until its bytes come, and how many come in a millisecond. */
  r2Ms: 40,
  r2BytesPerMs: 100_000,
  /** A bulk read of KV that is in the location's cache. */
  kvMs: 15,
  /** To a Durable Object in the same region and back. */
  rpcMs: 10,
  /** CPU of everything but the search: HTTP, embedding, documents. */
  overheadMs: 3,
  /** Searches that an isolate answers before it is gone. */
  searchesPerLoad: 1000,
  /** Isolates that look at the pointer every ten seconds. */
  isolates: 50,
} as const;

/** A Durable Object that is idle for so long leaves memory (durable-objects/concepts/durable-object-lifecycle). */
const IDLE_SECONDS = 10;
const MONTH_SECONDS = 30 * 86_400;
/** Reads of R2 that wait for their headers at once. */
const AT_ONCE = 6;
/** Manifest, forest and placement. */
const READS_PER_LOAD = 3;
/** Memory that a Durable Object is billed for, whatever it uses. */
const OBJECT_GIGABYTES = 0.128;

export interface ServingShape {
  readonly items: number;
  readonly dimensions: number;
  readonly codec: Codec;
  readonly residentBytes: number;
  readonly shards: number;
  /** Shards that a search asks. */
  readonly probes: number;
  /** Copies of every shard: replicas times regions. */
  readonly copies: number;
  /** A month. */
  readonly queries: number;
  readonly hits: number;
}

/** Way an index is served, and the cost of a search. */
export interface Serving {
  /** CPU that the Worker is billed for, in milliseconds. */
  readonly cpuMs: number;
  /** Requests that one search makes. */
  readonly perSearch: { readonly shards: number; readonly r2: number; readonly kv: number };
  /** Milliseconds of a search when everything asked is in memory. */
  readonly latencyMs: number;
  /** Additional wait of a search that meets an isolate or a shard without its bytes, and the share of such searches. */
  readonly loadMs: number;
  readonly loadShare: number;
  /** In a month. */
  readonly loads: number;
  readonly loadReads: number;
  readonly objectSeconds: number;
}

/**
 * CPU of a search over so many items, in milliseconds. Fitted from above to what was measured in docs/bench: 4.4 at
 * 1,000,000 x 384, 0.81 at 340,479 x 100, both at recall .95.
 */
function searchCpuMs(items: number, dimensions: number): number {
  return 0.5 + (5e-6 * items * dimensions) / 384;
}

/** CPU of cutting the best rows out of pages that were read, and of scoring them; the most that docs/bench measured. */
const COLD_CPU_MS = 5;

export function serving(shape: ServingShape): Serving {
  const { items, dimensions, codec, shards, queries, hits } = shape;
  const coldReads = codec === "binary" ? READ_LIMITS.most : 0;
  const searchMs = searchCpuMs(items / shards, dimensions) + (coldReads > 0 ? COLD_CPU_MS : 0);
  const coldMs = Math.ceil(coldReads / AT_ONCE) * ASSUMED.r2Ms;
  const loadMs = ASSUMED.r2Ms * 2 + shape.residentBytes / shards / ASSUMED.r2BytesPerMs;
  if (shards === 1) {
    return {
      cpuMs: ASSUMED.overheadMs + searchMs,
      perSearch: { shards: 0, r2: coldReads, kv: hits },
      latencyMs: ASSUMED.overheadMs + searchMs + coldMs + ASSUMED.kvMs,
      loadMs,
      loadShare: 1 / ASSUMED.searchesPerLoad,
      loads: Math.ceil(queries / ASSUMED.searchesPerLoad),
      loadReads: Math.ceil(queries / ASSUMED.searchesPerLoad) * READS_PER_LOAD,
      objectSeconds: 0,
    };
  }
  const { probes } = shape;
  // Requests come independently of each other: the chance that an object was idle for so long.
  const perObject = (queries * probes) / (shards * shape.copies) / MONTH_SECONDS;
  const away = Math.exp(-IDLE_SECONDS * perObject);
  const loads = queries * probes * away;
  const busyMs = queries * probes * (searchMs + coldMs) + loads * loadMs;
  return {
    cpuMs: ASSUMED.overheadMs + 0.5,
    perSearch: { shards: probes, r2: probes * coldReads, kv: hits },
    latencyMs: ASSUMED.overheadMs + 0.5 + ASSUMED.rpcMs + searchMs + coldMs + ASSUMED.kvMs,
    loadMs,
    loadShare: 1 - (1 - away) ** probes,
    loads: Math.ceil(loads),
    loadReads: Math.ceil(loads) * READS_PER_LOAD,
    objectSeconds: (busyMs / 1000) * OBJECT_GIGABYTES,
  };
}

/** Looks at the pointer: at most one a search, and one in ten seconds of each isolate. */
export function pointerReads(queries: number): number {
  return Math.min(queries, (ASSUMED.isolates * MONTH_SECONDS) / 10);
}
