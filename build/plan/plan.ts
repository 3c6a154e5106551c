import { availableParallelism } from "node:os";
import { PLANNED_BYTES, PUBLISHED_BYTES, SHARD_BYTES } from "../../worker/core/format/budget.ts";
import { type Codec, MAX_SHARDS } from "../../worker/core/format/constants.ts";
import { estimateCost, uploadOperations } from "../publish/cost.ts";
import { OptionError } from "../settings/errors.ts";
import { dimensions as checkDimensions, integer, oneOf } from "../settings/options.ts";
import { ENCODER_DIMENSIONS, type PlannedEncoding, planEncoding } from "./encoding.ts";
import { type PeerCost, turbopuffer, vectorize } from "./peers.ts";
import { charge, PRICES, type Price } from "./prices.ts";
import { estimateResident, type ResidentBytes } from "./resident.ts";
import { pointerReads, type Serving, serving } from "./serving.ts";
import { shardsNeeded } from "./shards.ts";

export interface PlanOptions {
  readonly items: number;
  readonly dimensions: number;
  /** Default int8. */
  readonly codec?: Codec;
  /** Mean bytes of a document's text; default 500. */
  readonly textBytes?: number;
  /** Default true. */
  readonly keyword?: boolean;
  /** Searches a month; default 1 million. */
  readonly queries?: number;
  /** Publishes a month; default 30. */
  readonly publishes?: number;
  /** Share of the documents that a publish changes; default 0.01. */
  readonly changed?: number;
  /** Partition of an index that takes several shards; default `clusters`. */
  readonly partition?: "clusters" | "random";
  /** Shards that a search asks, where there are several; default 8, and with partition `random` all. */
  readonly probes?: number;
  /** Copies of each shard in a region; default 1. */
  readonly replicas?: number;
  /** Regions that have shards of their own; default 1. */
  readonly regions?: number;
  /** Resident bytes of a shard; default 60 MB. */
  readonly shardBytes?: number;
  /** Whether the sentence encoder that ships makes the vectors; default: where they have its 384 dimensions. */
  readonly encoder?: boolean;
  /** Cores that encode; default: those of this machine. */
  readonly jobs?: number;
}

/** One line of a month's bill. */
export interface PlannedCost {
  readonly what: string;
  readonly quantity: number;
  readonly unit: string;
  readonly usd: number;
}

export interface Plan {
  readonly items: number;
  readonly dimensions: number;
  readonly codec: Codec;
  /** Bytes in memory, by what they are; of a sharded index in all its shards and the router. */
  readonly resident: ResidentBytes;
  /** Bytes in R2: the file with its cold vectors, and the documents' second copies. */
  readonly stored: number;
  /** Isolates that hold the index; 1: it is served whole. */
  readonly shards: number;
  /** More shards than one index can have: another codec is needed, or larger shards. */
  readonly tooLarge: boolean;
  /** Shards that a search asks; 0 when it is served whole. */
  readonly probes: number;
  /** Durable Objects, counting copies. */
  readonly objects: number;
  readonly serving: Serving;
  /** Time to make the vectors; absent without the sentence encoder. */
  readonly encoding?: PlannedEncoding;
  readonly firstPublish: {
    readonly classA: number;
    readonly kvWrites: number;
    readonly freePlanDays: number;
  };
  /** A month on the paid plan, each line above its allowance. */
  readonly monthly: readonly PlannedCost[];
  readonly monthlyUsd: number;
  /** The same corpus and searches elsewhere. */
  readonly peers: readonly PeerCost[];
}

/** Bytes of a page of documents in KV (worker/core/format/page.ts), and of the JSON around a document's text. */
const PAGE_BYTES = 48 * 1024;
const DOCUMENT_OVERHEAD = 100;
/** Hits of an answer, each in a page of its own. */
const HITS = 4;
const DEFAULT_PROBES = 8;
const VERSIONS_KEPT = 3;

/** Computes what an index of this size takes: memory, storage, requests, time, money. docs/scale.md derives every figure. */
export function plan(options: PlanOptions): Plan {
  const use = checked(options);
  const { items, dimensions, codec, textBytes, keyword, queries, publishes, changed } = use;
  const resident = estimateResident({ items, dimensions, codec, textBytes, keyword });
  const documents = items * (textBytes + DOCUMENT_OVERHEAD);
  const encoding = use.encoder ? planEncoding(items, textBytes, use.jobs) : undefined;
  const whole = resident.total + (encoding?.residentBytes ?? 0) <= PLANNED_BYTES;
  const shape = { items, dimensions, documentBytes: documents, hasText: textBytes > 0 };
  const shards = whole ? 1 : shardsNeeded(shape, codec, keyword, use.shardBytes).needed;
  const probes = shards === 1 ? 0 : Math.min(shards, use.partition === "random" ? shards : use.probes);
  const copies = use.replicas * use.regions;
  const served = serving({
    ...{ items, dimensions, codec, shards, probes, copies, queries },
    residentBytes: resident.total,
    hits: HITS,
  });
  const cold = codec === "float32" ? 0 : items * dimensions * (codec === "binary" ? 1 : 4);
  const stored = resident.total + cold + documents;
  const pages = Math.ceil(documents / PAGE_BYTES);
  const parts = shards === 1 ? 1 : shards + 1;
  // Of every part a forest, a placement and a manifest; the pointer; packs.
  const operations =
    shards * uploadOperations((resident.total + cold) / shards) + 2 * parts + (parts - shards) + 1;
  const first = estimateCost([], pages);
  // Changed documents go into new pages of their own; a little repacking comes on top.
  const changedPages = Math.ceil(pages * changed * 1.5);
  const { perSearch } = served;
  const classB = served.loadReads + queries * perSearch.r2 + pointerReads(queries);
  const sharded = [
    line("requests to shards", queries * perSearch.shards, "requests", PRICES.objectRequest),
    line("shards at work", served.objectSeconds, "GB-s", PRICES.objectGigabyteSecond),
  ];
  const monthly = [
    { what: "paid plan", quantity: 1, unit: "month", usd: PRICES.plan },
    line("requests to the Worker", queries, "requests", PRICES.request),
    line("CPU", queries * served.cpuMs, "ms", PRICES.cpuMs),
    ...(shards > 1 ? sharded : []),
    line("documents read", queries * perSearch.kv, "KV reads", PRICES.kvRead),
    line("pages written", publishes * changedPages, "KV writes", PRICES.kvWrite),
    line("pages kept", documents / 1e9, "GB", PRICES.kvGigabyte),
    line(
      "objects written",
      publishes * (operations + uploadOperations(documents * changed)),
      "class A operations",
      PRICES.classA,
    ),
    line("loads, cold vectors, pointer", classB, "class B operations", PRICES.classB),
    line(
      `versions kept (${VERSIONS_KEPT})`,
      (VERSIONS_KEPT * (stored - documents) + documents) / 1e9,
      "GB in R2",
      PRICES.r2Gigabyte,
    ),
  ];
  const peerUse = { items, dimensions, textBytes, queries, hits: HITS, written: items * changed * publishes };
  return {
    items,
    dimensions,
    codec,
    resident,
    stored,
    shards,
    tooLarge: shards > MAX_SHARDS,
    probes,
    objects: shards === 1 ? 0 : shards * copies,
    serving: served,
    ...(encoding && { encoding }),
    firstPublish: {
      classA: operations + uploadOperations(documents),
      kvWrites: first.kvWrites,
      freePlanDays: first.freePlanDays,
    },
    monthly,
    monthlyUsd: monthly.reduce((sum, { usd }) => sum + usd, 0),
    peers: [vectorize(peerUse), turbopuffer(peerUse)],
  };
}

function checked(options: PlanOptions): Required<PlanOptions> {
  const changed = options.changed ?? 0.01;
  if (!(changed >= 0 && changed <= 1))
    throw new OptionError(`changed is ${changed}; a share from 0 to 1 is needed.`);
  return {
    items: integer("items", options.items, 1, 1e10),
    dimensions: checkDimensions(options.dimensions),
    codec: oneOf("codec", options.codec ?? "int8", ["float32", "int8", "int4", "binary"]),
    textBytes: integer("textBytes", options.textBytes ?? 500, 0, 1e8),
    keyword: options.keyword ?? true,
    queries: integer("queries", options.queries ?? 1e6, 0, 1e12),
    publishes: integer("publishes", options.publishes ?? 30, 0, 1e6),
    changed,
    partition: oneOf("partition", options.partition ?? "clusters", ["clusters", "random"]),
    probes: integer("probes", options.probes ?? DEFAULT_PROBES, 1, MAX_SHARDS),
    replicas: integer("replicas", options.replicas ?? 1, 1, 32),
    regions: integer("regions", options.regions ?? 1, 1, 16),
    encoder: options.encoder ?? options.dimensions === ENCODER_DIMENSIONS,
    jobs: integer("jobs", options.jobs ?? availableParallelism(), 1, 1024),
    shardBytes: integer("shardBytes", options.shardBytes ?? SHARD_BYTES, 1e6, PUBLISHED_BYTES),
  };
}

function line(what: string, quantity: number, unit: string, price: Price): PlannedCost {
  return { what, quantity, unit, usd: charge(quantity, price) };
}
