import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { lengthsOf } from "./manifest.ts";
import type { Pointer } from "./pointer.ts";
import type { RefreshTask } from "./refresh-task.ts";
import { type SwapContext, swapTo } from "./swap.ts";
import type { WaitContext } from "./types.ts";
import { etagsOf, readManifest, readPointer } from "./versions.ts";

/** The pointer of an index, and the versions that were refused since it last changed. */
export interface Refresher {
  /** The pointer as it was last read. */
  readonly pointer: Pointer | undefined;
  readonly refused: ReadonlyMap<string, { readonly error: unknown }>;
  /** Looks at the pointer and loads what it names; falls back to the version before when nothing is at hand. */
  refresh(ctx: WaitContext, own: RefreshTask): Promise<void>;
}

export function createRefresher<T>(swap: SwapContext<T>): Refresher {
  const { options, timing, versions, tasks } = swap;
  let pointer: Pointer | undefined;
  let etag: string | undefined;
  const refused = new Map<string, { error: unknown; until: number; etags: string | undefined }>();

  /** The etags of a version's objects and of its base's; undefined while they cannot be read. */
  const etagsNow = (version: string): Promise<string | undefined> => {
    const base = version === pointer?.version ? pointer.lengths?.base?.version : undefined;
    return etagsOf(options, base === undefined ? [version] : [version, base]).catch(() => undefined);
  };
  /** Whether a version that was refused stays so: until its time is up, or its objects are written again. */
  const isRefused = async (version: string, own: RefreshTask): Promise<boolean> => {
    const refusal = refused.get(version);
    if (!refusal || monotonicNow() >= refusal.until) return false;
    const etags = await etagsNow(version);
    tasks.alive(own);
    return etags === undefined || refusal.etags === undefined || etags === refusal.etags;
  };

  async function load(version: string, ctx: WaitContext, own: RefreshTask): Promise<void> {
    const known = version === pointer?.version ? pointer.lengths : undefined;
    const lengths = known ?? lengthsOf(await readManifest(options, version));
    tasks.alive(own);
    await swapTo(swap, { version, lengths }, ctx, own);
  }

  async function refresh(ctx: WaitContext, own: RefreshTask): Promise<void> {
    const before = versions.live?.version;
    const reading = await readPointer(options, etag);
    tasks.alive(own);
    if (reading.changed) {
      ({ pointer, etag } = reading);
      refused.clear();
    }
    if (!pointer) throw new AnnoyEdgeError("CORRUPT_POINTER", `The pointer of "${options.name}" is gone.`);
    let failure: unknown;
    // What was live comes last: it was given up to make room for a version that turned out damaged.
    for (const version of new Set([pointer.version, before, pointer.previous])) {
      if (!version) continue;
      if (version === versions.live?.version) break;
      if (await isRefused(version, own)) {
        failure ??= refused.get(version)?.error;
        continue;
      }
      try {
        await load(version, ctx, own);
        refused.delete(version);
        break;
      } catch (error) {
        tasks.alive(own);
        failure ??= error;
        if (error instanceof ArtifactError || own.opening) {
          const etags = await etagsNow(version);
          tasks.alive(own);
          refused.set(version, { error, until: monotonicNow() + timing.refuse, etags });
        }
        own.opening = false;
        if (error instanceof AnnoyEdgeError && error.code === "SWAP_POSTPONED") break;
      }
    }
    if (failure !== undefined) throw failure;
  }

  return {
    get pointer() {
      return pointer;
    },
    refused,
    refresh,
  };
}
