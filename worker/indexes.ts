import type { R2Bucket } from "@cloudflare/workers-types";
import type { Env, Settings } from "./config.ts";
import kernel from "./core/embedding/encoder/kernel/relaxed.wasm";
import { HELD_BYTES, PAGE_BYTES_KEPT } from "./core/format/budget.ts";
import { AnnoyEdgeError } from "./core/format/errors.ts";
import { isIndexName, matchesName } from "./core/format/keys.ts";
import { monotonicNow } from "./core/time/clock.ts";
import { sleep } from "./core/time/wait.ts";
import {
  type IndexSet,
  type IndexSource,
  type IndexStatus,
  type Lifetime,
  NOTHING_LOADED,
} from "./http/types.ts";
import { createEdgeEmbedder } from "./services/edge.ts";
import { reachShards } from "./shards/reach.ts";
import { createPageCache, type PageCache } from "./storage/documents/cache.ts";
import { createEncoders, type Encoders } from "./storage/encoders.ts";
import { answered } from "./storage/objects.ts";
import { openPublished } from "./storage/published.ts";
import { createRangeCache, type RangeCache } from "./storage/range-cache.ts";
import { createIndexReader } from "./storage/reader.ts";

/** An index that can be asked to look for a new version now. */
export interface RefreshableSource extends IndexSource {
  refresh(lifetime: Lifetime): Promise<IndexStatus>;
}

export interface Indexes extends IndexSet {
  open(name?: string): RefreshableSource | Promise<RefreshableSource>;
  readonly opened: ReadonlyMap<string, RefreshableSource>;
}

/** The indexes that the settings name, in memory between requests, within one budget. */
export function createIndexes(env: Env, bucket: R2Bucket, settings: Settings): Indexes {
  const { served } = settings;
  // In the order of their last use.
  const opened = new Map<string, Opened>();
  const encoders = createEncoders({
    ...{ bucket, cache: caches.default, kernel },
    room: () => HELD_BYTES - heldBytes(opened),
  });
  const pages = createPageCache(() => roomForPages(heldBytes(opened) + encoders.heldBytes));
  const ranges = createRangeCache();
  const list = listing(bucket, served, settings.refreshSeconds);
  const [first] = served.filter((name) => !isPattern(name));

  const create = (name: string): Opened => {
    const source = createSource(name, env, { bucket, encoders, pages, ranges, settings, opened });
    opened.set(name, source);
    return source;
  };
  const openNamed = (name: string): RefreshableSource => {
    if (!isIndexName(name) || !served.some((pattern) => matchesName(pattern, name))) throw notFound(name);
    return served.includes(name) ? (opened.get(name) ?? create(name)) : createChosen(name, opened, create);
  };

  return {
    served,
    opened,
    list,
    open: (name = first) => (name === undefined ? openFirst(list, served, openNamed) : openNamed(name)),
  };
}

async function openFirst(
  list: () => Promise<readonly string[]>,
  served: readonly string[],
  open: (name: string) => RefreshableSource,
): Promise<RefreshableSource> {
  const [name] = await list();
  if (name !== undefined) return open(name);
  throw new AnnoyEdgeError("INDEX_NOT_PUBLISHED", `No index is published here under ${served.join(", ")}.`);
}

interface Shared {
  readonly bucket: R2Bucket;
  /** One copy of each, however many indexes use it. */
  readonly encoders: Encoders;
  readonly pages: PageCache;
  readonly ranges: RangeCache;
  readonly settings: Settings;
  readonly opened: Map<string, Opened>;
}

/** An index that gives way to others. */
interface Opened extends RefreshableSource {
  readonly heldBytes: () => number;
  readonly letGo: () => boolean;
}

function createSource(name: string, env: Env, shared: Shared): Opened {
  const { bucket, encoders, pages, ranges, settings, opened } = shared;
  const reader = createIndexReader({
    name,
    bucket,
    cache: caches.default,
    ranges,
    refreshSeconds: settings.refreshSeconds,
    reservedBytes: ({ encoder }) => {
      const others = opened.size > 1 ? heldBytes(opened, name) : 0;
      return encoders.heldBytes + encoders.missingBytes(encoder) + others;
    },
    makeRoom: (claim, hasOther) => makeRoom(name, opened, claim, hasOther),
    prepare: ({ embedder }) => encoders.prepare(embedder),
    open: (parts) => {
      pages.trim();
      return openPublished(
        parts,
        { kv: env.DOCUMENTS, bucket, pages },
        {
          createEmbedder: (identity) =>
            identity.provider === "encoder"
              ? encoders.embedderOf(identity)
              : createEdgeEmbedder(identity, env),
          shards: reachShards(parts, env.SHARDS, settings.shards),
        },
      );
    },
  });
  const withPages = (status: Omit<IndexStatus, "pageBytes" | "encoderBytes">): IndexStatus => ({
    ...status,
    pageBytes: pages.bytes,
    encoderBytes: encoders.heldBytes,
  });
  return {
    name,
    heldBytes: () => reader.heldBytes,
    letGo: reader.letGo,
    use(lifetime, run) {
      const own = opened.get(name);
      if (own && opened.size > 1) {
        opened.delete(name);
        opened.set(name, own);
      }
      return reader.use(lifetime, run);
    },
    refresh: async (lifetime) => withPages(await reader.refresh(lifetime)),
    status: () => withPages(reader.status()),
  };
}

/**
 * An index whose name a caller chose, by a pattern. It takes memory from its first use on; where none of the name is published,
 * it is not found and forgotten.
 */
function createChosen(
  name: string,
  opened: Map<string, Opened>,
  create: (name: string) => Opened,
): RefreshableSource {
  const current = () => opened.get(name) ?? create(name);
  return {
    name,
    async use(lifetime, run) {
      const source = current();
      try {
        return await source.use(lifetime, run);
      } catch (error) {
        if (!(error instanceof AnnoyEdgeError && error.code === "INDEX_NOT_PUBLISHED")) throw error;
        if (opened.get(name) === source) opened.delete(name);
        throw notFound(name);
      }
    },
    refresh: (lifetime) => current().refresh(lifetime),
    status: () => opened.get(name)?.status() ?? NOTHING_LOADED,
  };
}

function notFound(name: string): AnnoyEdgeError {
  const message = `No index ${JSON.stringify(name.slice(0, 100))} is served here. GET /v1/indexes lists those that are.`;
  return new AnnoyEdgeError("INDEX_NOT_FOUND", message);
}

function isPattern(name: string): boolean {
  return name.includes("*");
}

const LISTING_MS = 60_000;

/** Names of the indexes that are served; those of patterns as the bucket has them, asked at most once a minute. */
function listing(bucket: R2Bucket, served: readonly string[], refreshSeconds: number) {
  let kept: { readonly names: readonly string[]; readonly until: number } | undefined;
  return async (): Promise<readonly string[]> => {
    if (!served.some(isPattern)) return served;
    if (!kept || kept.until < monotonicNow()) {
      const published = await publishedNames(bucket);
      const matching = (pattern: string) =>
        isPattern(pattern) ? published.filter((name) => matchesName(pattern, name)) : [pattern];
      const until = monotonicNow() + Math.min(LISTING_MS, refreshSeconds * 1000);
      kept = { names: [...new Set(served.flatMap(matching))], until };
    }
    return kept.names;
  };
}

async function publishedNames(bucket: R2Bucket): Promise<readonly string[]> {
  const names: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await answered(bucket.list({ delimiter: "/", ...(cursor !== undefined && { cursor }) }));
    names.push(...page.delimitedPrefixes.map((prefix) => prefix.slice(0, -1)));
    if (!page.truncated) return names.filter(isIndexName).sort();
    cursor = page.cursor;
  }
}

/** Bytes that indexes leave to documents: all of a small corpus' pages may stay, so that its searches read nothing. */
function roomForPages(indexBytes: number): number {
  return Math.min(
    PAGE_BYTES_KEPT.most,
    Math.max(PAGE_BYTES_KEPT.least, HELD_BYTES + PAGE_BYTES_KEPT.least - indexBytes),
  );
}

/** Bytes that indexes hold, those that are being loaded included. */
function heldBytes(opened: ReadonlyMap<string, Opened>, except?: string): number {
  let sum = 0;
  for (const [name, source] of opened) if (name !== except) sum += source.heldBytes();
  return sum;
}

/** Longer than a search takes, and shorter than a request waits for an index. */
const ROOM_MS = 15_000;
const ROOM_POLL_MS = 5;

/** Lets indexes go that nobody uses at the moment, least recently used first, until there is room for another. */
async function makeRoom(
  name: string,
  opened: ReadonlyMap<string, Opened>,
  claim: () => boolean,
  hasOther: boolean,
): Promise<void> {
  for (const deadline = monotonicNow() + ROOM_MS; ; ) {
    for (const [other, source] of opened) {
      if (other !== name && source.letGo() && claim()) return;
    }
    // A version that does not fit beside the pages of an isolate of its own is loaded there all the same.
    if (claim() || heldBytes(opened, name) === 0) return;
    if (monotonicNow() > deadline) {
      if (hasOther) return;
      throw new AnnoyEdgeError("INDEX_LOADING", `Memory for index "${name}" is in use by others. Try again.`);
    }
    await sleep(ROOM_POLL_MS);
  }
}

/** Indexes of a Worker whose settings make no sense: every request is answered with the same error. */
export function refusingIndexes(name: string, error: unknown): Indexes {
  const message = error instanceof Error ? error.message : String(error);
  const status: IndexStatus = {
    ...NOTHING_LOADED,
    lastError: { code: "BAD_CONFIGURATION", message, at: new Date().toISOString() },
  };
  const source: RefreshableSource = {
    name,
    use: async () => {
      throw error;
    },
    refresh: async () => status,
    status: () => status,
  };
  const list = async () => {
    throw error;
  };
  return { served: [name], opened: new Map([[name, source]]), open: () => source, list };
}
