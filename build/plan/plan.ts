import type { Codec } from "../../worker/format/constants.ts";
import { OptionError } from "../pipeline/errors.ts";
import { dimensions as checkDimensions, integer, oneOf } from "../pipeline/options.ts";
import { estimateCost } from "../publish/index.ts";
import { type ResidentBytes, residentBytes } from "./resident.ts";

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
  /** Bytes that an isolate holds, by what they are. */
  readonly resident: ResidentBytes;
  /** Bytes in R2: the file with its cold vectors, and the documents' second copies. */
  readonly stored: number;
  /** Isolates that the index takes; 1: it is served whole. */
  readonly shards: number;
  readonly firstPublish: {
    readonly classA: number;
    readonly kvWrites: number;
    readonly freePlanDays: number;
  };
  /** A month on the paid plan, each line above its allowance. */
  readonly monthly: readonly PlannedCost[];
  readonly monthlyUsd: number;
}

/** What one isolate of 128 MB holds beside its heap, its requests and a second version during a swap. */
export const ISOLATE_BUDGET = 90e6;
/** Resident bytes of a shard, where there are several. */
export const SHARD_BYTES = 60e6;

/** Bytes of a page of documents in KV (worker/docstore/page.ts), and of the JSON around a document's text. */
const PAGE_BYTES = 48 * 1024;
const DOCUMENT_OVERHEAD = 100;
const HITS = 4;
/** Of a walk and its scores, for a million items or fewer; more shards do it side by side. */
const CPU_MS = 5;
const QUERIES_PER_LOAD = 1000;

/** Published prices, in US dollars, with the paid plan's allowances (developers.cloudflare.com, read in November 2026). */
const PRICES = {
  plan: 5,
  request: { included: 10e6, usd: 0.3e-6 },
  cpuMs: { included: 30e6, usd: 0.02e-6 },
  kvRead: { included: 10e6, usd: 0.5e-6 },
  kvWrite: { included: 1e6, usd: 5e-6 },
  kvGigabyte: { included: 1, usd: 0.5 },
  classA: { included: 1e6, usd: 4.5e-6 },
  classB: { included: 10e6, usd: 0.36e-6 },
  r2Gigabyte: { included: 10, usd: 0.015 },
  objectRequest: { included: 1e6, usd: 0.15e-6 },
} as const;

/** Computes what an index of this size takes: memory, storage, requests, money. Estimates; docs/cli.md says from what. */
export function plan(options: PlanOptions): Plan {
  const items = integer("items", options.items, 1, 1e10);
  const dimensions = checkDimensions(options.dimensions);
  const codec = oneOf("codec", options.codec ?? "int8", ["float32", "int8", "int4", "binary"]);
  const textBytes = integer("textBytes", options.textBytes ?? 500, 0, 1e8);
  const queries = integer("queries", options.queries ?? 1e6, 0, 1e12);
  const publishes = integer("publishes", options.publishes ?? 30, 0, 1e6);
  const changed = options.changed ?? 0.01;
  if (!(changed >= 0 && changed <= 1))
    throw new OptionError(`changed is ${changed}; a share from 0 to 1 is needed.`);
  const resident = residentBytes({ items, dimensions, codec, textBytes, keyword: options.keyword ?? true });
  const shards = resident.total <= ISOLATE_BUDGET ? 1 : Math.ceil(resident.total / SHARD_BYTES);
  const documents = items * (textBytes + DOCUMENT_OVERHEAD);
  const cold = codec === "float32" ? 0 : items * dimensions * (codec === "binary" ? 1 : 4);
  const stored = resident.total + cold + documents;
  const pages = Math.ceil(documents / PAGE_BYTES);
  const objects = 4 * shards + 1;
  const objectSize = (resident.total + cold) / shards;
  const first = estimateCost(
    [...Array(Math.min(shards, 1000)).fill(objectSize), documents, 4096, 4096],
    pages,
  );
  // Changed documents go into new pages of their own; a little repacking comes on top.
  const changedPages = Math.ceil(pages * changed * 1.5);
  const perPublish = objects + Math.ceil((resident.total + cold + documents * changed) / 16e6);
  const loads = Math.ceil(queries / QUERIES_PER_LOAD) * shards;
  const lines = [
    line("requests to the Worker", queries, "requests", PRICES.request),
    line("CPU", queries * CPU_MS * Math.max(1, shards / 10), "ms", PRICES.cpuMs),
    ...(shards > 1 ? [line("requests to shards", queries * shards, "requests", PRICES.objectRequest)] : []),
    line("documents read", queries * HITS, "KV reads", PRICES.kvRead),
    line("pages written", publishes * changedPages, "KV writes", PRICES.kvWrite),
    line("pages kept", documents / 1e9, "GB", PRICES.kvGigabyte),
    line("objects written", publishes * perPublish, "class A operations", PRICES.classA),
    line("index loaded", loads, "class B operations", PRICES.classB),
    line("versions kept (3)", (3 * (stored - documents) + documents) / 1e9, "GB in R2", PRICES.r2Gigabyte),
  ];
  const monthly = [{ what: "paid plan", quantity: 1, unit: "month", usd: PRICES.plan }, ...lines];
  return {
    items,
    dimensions,
    codec,
    resident,
    stored,
    shards,
    firstPublish: { classA: first.classA, kvWrites: first.kvWrites, freePlanDays: first.freePlanDays },
    monthly,
    monthlyUsd: monthly.reduce((sum, { usd }) => sum + usd, 0),
  };
}

function line(
  what: string,
  quantity: number,
  unit: string,
  price: { readonly included: number; readonly usd: number },
): PlannedCost {
  return { what, quantity, unit, usd: Math.max(0, quantity - price.included) * price.usd };
}
