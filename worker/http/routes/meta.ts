import { toHex } from "../../core/format/hex.ts";
import type { BaseMeta, ShardsMeta } from "../../core/format/meta.ts";
import { hasColumns } from "../../core/search/loaded-index.ts";
import { countShards, type SearchedShards } from "../../core/search/searcher.ts";
import type { ShardSet } from "../../core/search/shards/types.ts";
import { monotonicNow } from "../../core/time/clock.ts";
import { mayAsk } from "../access.ts";
import { isFresh, markCacheable } from "../caching.ts";
import type { Page } from "../docs/page.ts";
import type { OpenApiDocument } from "../openapi/types.ts";
import { baseOf } from "../problem-response.ts";
import type { HealthResponse, IndexesResponse, IndexResponse, WarmUpResponse } from "../schemas.ts";
import { type AppContext, type IndexSet, type IndexSource, type IndexStatus, stateOf } from "../types.ts";
import { sourceOf, versionedGet, withSearcher } from "./answering.ts";
import { indexRoute, type Router, route } from "./route.ts";

/** Adds the routes that describe the index and this API. */
export function addMetaRoutes(router: Router): void {
  indexRoute(router, "/v1/index", "index", {
    get: (c) =>
      versionedGet(c, ({ index }): IndexResponse => {
        const { manifest, forest } = index;
        const { header } = forest.artifact;
        // The forest is the base's, the manifest that of the changes.
        const changes = manifest.base && manifest;
        return {
          index: index.name,
          version: index.version,
          metric: forest.metric,
          dimensions: forest.dimensions,
          items: index.shards || index.changes ? manifest.items : header.nSlots,
          trees: forest.nTrees,
          codec: header.codec,
          kind: header.forestKind,
          hotBytes: header.hotBytes + (changes?.hotBytes ?? 0),
          fileBytes: header.fileBytes + (changes?.files["forest.bin"].bytes ?? 0),
          searchable: {
            text: index.embedder !== undefined || index.words !== undefined,
            keyword: index.words !== undefined,
            filter: hasColumns(index),
          },
          certified: manifest.certified,
          ...(manifest.shards && { shards: describeShards(manifest.shards) }),
          ...(manifest.base && { changes: describeChanges(manifest.base) }),
          manifest: { ...manifest },
        };
      }),
  });

  indexRoute(router, "/v1/warm-up", "index", {
    get: (c) =>
      withSearcher(c, async ({ index, shards: report }) => {
        const shards = index.shards && report && (await wakeShards(index.shards, report));
        const body: WarmUpResponse = {
          index: index.name,
          version: index.version,
          waitedMs: stateOf(c).timings.get("load") ?? 0,
          memoryBytes: memoryOf((await sourceOf(c)).status()),
          ...(shards && { shards }),
        };
        c.header("Cache-Control", "no-store");
        return c.json(body);
      }),
  });

  route(
    router,
    "/v1/indexes",
    {
      get: async (c) => {
        c.header("Cache-Control", "no-store");
        return c.json(await describeIndexes(stateOf(c).service.indexes, (name) => mayAsk(c, name)));
      },
    },
    "index",
  );

  route(router, "/health", {
    get: async (c) => {
      c.header("Cache-Control", "no-store");
      return c.json(health(await sourceOf(c)));
    },
  });

  // Both depend on the code, the contract also on where it is mounted: they are made once, and revalidate by what is in them.
  let openApi: (Kept & { readonly base: string }) | undefined;
  route(router, "/openapi.json", {
    get: async (c) => {
      const base = baseOf(c);
      // Parts of that path may be parameters, which callers choose.
      if (openApi?.base !== base) openApi = { base, ...(await kept(JSON.stringify(await contract(base)))) };
      return revalidated(c, openApi, "application/json");
    },
  });

  let page: (Kept & Page) | undefined;
  route(router, "/docs", {
    get: async (c) => {
      if (!page) {
        const { referencePage } = await import("../docs/page.ts");
        const made = await referencePage(await contract(""));
        page = { ...made, ...(await kept(made.html)) };
      }
      c.header("Content-Security-Policy", page.policy);
      return revalidated(c, page, "text/html; charset=UTF-8");
    },
  });
}

/** Time for which a warm-up of shards stands, in milliseconds: another one would call every copy of every shard again. */
const AWAKE_MS = 10_000;

type ShardCounts = ReturnType<typeof countShards>;

const awake = new WeakMap<ShardSet, { readonly counts: ShardCounts; readonly until: number }>();

/** Has the shards of a version load what they hold, unless all of them have just said that they did. */
async function wakeShards(set: ShardSet, report: SearchedShards): Promise<ShardCounts> {
  const last = awake.get(set);
  if (last && monotonicNow() < last.until) return last.counts;
  await report.wake();
  const counts = countShards(report);
  if (counts.answered === counts.asked) awake.set(set, { counts, until: monotonicNow() + AWAKE_MS });
  return counts;
}

/** A text that stays as it is while this code runs. */
interface Kept {
  readonly text: string;
  /** Another one for another text. */
  readonly tag: string;
}

async function kept(text: string): Promise<Kept> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return { text, tag: toHex(digest.subarray(0, 8)) };
}

function revalidated(c: AppContext, { text, tag }: Kept, type: string): Response {
  markCacheable(c, tag);
  return isFresh(c.req.raw, tag) ? c.body(null, 304) : c.body(text, 200, { "Content-Type": type });
}

/** Loaded when somebody asks: a search needs none of it, and starts the sooner. */
async function contract(base: string): Promise<OpenApiDocument> {
  const { openApiDocument } = await import("../openapi/document.ts");
  return openApiDocument(base);
}

/** Summary of `manifest.shards`. */
function describeShards({ list, partition, probes }: ShardsMeta): IndexResponse["shards"] {
  const sizes = list.map(({ hotBytes, changes }) => hotBytes + (changes?.hotBytes ?? 0));
  return {
    count: list.length,
    partition,
    probes,
    hotBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    largestHotBytes: sizes.reduce((most, bytes) => Math.max(most, bytes), 0),
  };
}

function describeChanges({ version, added, removed, drift }: BaseMeta): IndexResponse["changes"] {
  return { base: version, added, removed, drift };
}

async function describeIndexes(
  { list, opened }: IndexSet,
  isAllowed: (name: string) => boolean,
): Promise<IndexesResponse> {
  const names = (await list()).filter(isAllowed);
  const states = [...opened.values()].map((source) => source.status());
  // Pages and encoders are shared by all indexes.
  const shared = Math.max(0, ...states.map(({ pageBytes, encoderBytes }) => pageBytes + encoderBytes));
  return {
    indexes: names.map((index) => {
      const state = opened.get(index)?.status();
      const { version = null, publishedAt = null, heldBytes: memoryBytes = 0 } = state ?? {};
      return { index, version, publishedAt, memoryBytes };
    }),
    memoryBytes: states.reduce((sum, { heldBytes }) => sum + heldBytes, shared),
  };
}

function memoryOf({ heldBytes, pageBytes, encoderBytes }: IndexStatus): number {
  return heldBytes + pageBytes + encoderBytes;
}

function health(source: IndexSource): HealthResponse {
  const state = source.status();
  const { version, wanted, publishedAt, loadedAt, checkedAt, shards, lastError } = state;
  const ageSeconds = loadedAt === null ? null : Math.max(0, (Date.now() - Date.parse(loadedAt)) / 1000);
  const status = lastError !== null ? "degraded" : version !== null ? "ok" : "idle";
  return {
    status,
    index: source.name,
    version,
    wanted,
    publishedAt,
    loadedAt,
    ageSeconds,
    checkedAt,
    memoryBytes: memoryOf(state),
    shards,
    lastError,
  };
}
