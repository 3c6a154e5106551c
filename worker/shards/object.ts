import { DurableObject } from "cloudflare:workers";
import type { KVNamespace, R2Bucket } from "@cloudflare/workers-types";
import { RANKING_BYTES, REQUEST_BYTES } from "../core/format/budget.ts";
import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { bytesOfCall } from "../core/search/shards/details.ts";
import { openShard } from "../core/search/shards/local.ts";
import type { Shard, ShardAnswers, ShardCall } from "../core/search/shards/types.ts";
import { type Outcome, outcomeOf } from "../core/search/shards/wire.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { createPageCache } from "../storage/documents/cache.ts";
import { fillCaches } from "../storage/files.ts";
import { loadShard } from "../storage/load.ts";
import {
  artifactsOf,
  freeParts,
  heldBytesOf,
  type LoadedParts,
  type LoadResult,
  type LoadSource,
} from "../storage/loaded.ts";
import { lengthsOf } from "../storage/manifest.ts";
import { openPublished } from "../storage/published.ts";
import { createRangeCache } from "../storage/range-cache.ts";
import { createSemaphore } from "../storage/semaphore.ts";
import { objectName, type ShardAddress, type ShardMethods, type ShardNamespace } from "./address.ts";
import { createResidents, type Resident } from "./memory.ts";

export interface ShardBindings {
  readonly INDEXES: R2Bucket;
  readonly DOCUMENTS: KVNamespace;
  readonly SHARDS?: ShardNamespace;
}

/** A shard that could not be loaded is tried again after this; a damaged one, which will hardly have mended, later. */
const RETRY_MS = { storage: 500, damage: 10_000 };

/** State that the objects of this isolate share. */
const pages = createPageCache();
const ranges = createRangeCache();
const residents = createResidents();
/** Calls of all objects of this isolate, beside the cold rows that they read. One that waits too long times out. */
const calls = createSemaphore(REQUEST_BYTES - RANKING_BYTES);

/** A shard in memory. */
interface LoadedShard extends Resident {
  readonly shard: Shard;
  readonly dimensions: number;
  users: number;
  usedAt: number;
}

/**
 * Holds one shard of one version: a Durable Object named by {@link objectName}. It loads at the first call, answers
 * from memory until the platform evicts it, and keeps nothing on disk: whatever it knows it can read again from R2.
 */
export class IndexShard extends DurableObject<ShardBindings> implements ShardMethods {
  #loaded: LoadedShard | undefined;
  /** Shared between the calls of this object, which the platform allows: they all belong to it. */
  #loading: Promise<LoadedShard> | undefined;
  #refusal: { readonly error: unknown; readonly until: number } | undefined;
  /** The name that this object was found to have. */
  #name: string | undefined;

  ask(address: ShardAddress, call: ShardCall): Promise<Outcome<ShardAnswers>> {
    return outcomeOf(async () => {
      const loaded = await this.#shard(address);
      loaded.users++;
      try {
        return await calls(bytesOfCall(call, loaded.dimensions), () => loaded.shard.ask(call));
      } finally {
        loaded.users--;
        loaded.usedAt = monotonicNow();
      }
    });
  }

  /** @throws AnnoyEdgeError `SHARD_MISMATCH` when somebody else was meant, `SHARD_UNAVAILABLE` */
  async #shard(address: ShardAddress): Promise<LoadedShard> {
    this.#check(address);
    if (this.#loaded) {
      // In use from now on, so that it makes room for no other.
      this.#loaded.usedAt = monotonicNow();
      return this.#loaded;
    }
    if (this.#refusal && monotonicNow() < this.#refusal.until) throw this.#refusal.error;
    this.#loading ??= this.#load(address)
      .catch((cause: unknown) => {
        // Whoever asked goes on without this shard; only here does anybody see why.
        console.error(cause);
        const error = unavailable(address, cause);
        const wait = cause instanceof ArtifactError ? RETRY_MS.damage : RETRY_MS.storage;
        this.#refusal = { error, until: monotonicNow() + wait };
        throw error;
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  /** An object answers only to its own name, so that a shard of one version is never taken for one of another. */
  #check(address: ShardAddress): void {
    const name = objectName(address);
    if (name === this.#name) return;
    if (this.env.SHARDS?.idFromName(name).equals(this.ctx.id) !== true) {
      throw new AnnoyEdgeError("SHARD_MISMATCH", `An object that is not ${name} was asked in its place.`);
    }
    this.#name = name;
  }

  async #load({ index, version, shard, shardVersion, base }: ShardAddress): Promise<LoadedShard> {
    const cache = caches.default as never;
    const source: LoadSource = { name: index, bucket: this.env.INDEXES, cache, ranges };
    const place = { number: shard, version: shardVersion, base };
    let endLoading: (() => void) | undefined;
    const makeRoom = (bytes: number) => {
      endLoading = residents.makeRoom(bytes);
    };
    try {
      const loaded = this.#openLoaded(source, await loadShard(source, version, place, makeRoom));
      residents.add(loaded);
      this.#loaded = loaded;
      return loaded;
    } finally {
      endLoading?.();
    }
  }

  /** Opens what was loaded. It is left in the data centre's cache, where the next object that holds this shard finds it. */
  #openLoaded(source: LoadSource, { parts, fresh }: LoadResult): LoadedShard {
    const all = artifactsOf({ parts });
    const free = () => {
      for (const one of all) freeParts(one);
    };
    const { opened, shard: open } = this.#open(parts, free);
    const loaded: LoadedShard = {
      shard: open,
      dimensions: opened.forest.dimensions,
      bytes: all.reduce(
        (sum, { manifest }) => sum + heldBytesOf(lengthsOf(manifest)),
        parts.wordTotals?.byteLength ?? 0,
      ),
      users: 0,
      usedAt: monotonicNow(),
      drop: () => {
        this.#loaded = undefined;
        // Nobody uses it: only such a shard is dropped.
        free();
      },
    };
    // In use meanwhile: its bytes are copied.
    loaded.users++;
    const filled = fillCaches(source, { parts, fresh }, () => void loaded.users--);
    // What goes wrong with a cache concerns no caller.
    this.ctx.waitUntil(filled.catch(() => {}));
    return loaded;
  }

  /** Opens what was loaded, and gives its memory back when it cannot be opened. */
  #open(parts: LoadedParts, free: () => void) {
    try {
      const opened = openPublished(parts, { kv: this.env.DOCUMENTS, bucket: this.env.INDEXES, pages });
      return { opened, shard: openShard(opened) };
    } catch (error) {
      free();
      throw error;
    }
  }
}

function unavailable({ index, shard, version }: ShardAddress, cause: unknown): AnnoyEdgeError {
  if (cause instanceof AnnoyEdgeError && cause.code === "SHARD_MISMATCH") return cause;
  // What was not thrown on purpose may tell too much.
  const why = cause instanceof AnnoyEdgeError ? cause.message : "its files cannot be read at the moment.";
  return new AnnoyEdgeError(
    "SHARD_UNAVAILABLE",
    `Shard ${shard} of version ${version} of index "${index}" cannot be loaded: ${why}`,
    { cause },
  );
}
