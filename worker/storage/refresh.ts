import { AnnoyEdgeError, ArtifactError } from "../core/format/errors.ts";
import { readManifest, readPointer } from "./load.ts";
import { lengthsOf } from "./manifest.ts";
import type { Pointer } from "./pointer.ts";
import { type SwapContext, swapTo } from "./swap.ts";
import type { Task } from "./task.ts";
import type { WaitContext } from "./types.ts";

/** The pointer of an index, and the versions that were refused since it last changed. */
export interface Refresher {
  /** The pointer as it was last read. */
  readonly pointer: Pointer | undefined;
  readonly refused: ReadonlyMap<string, { readonly error: unknown }>;
  /** Looks at the pointer and loads what it names; falls back to the version before when nothing is at hand. */
  refresh(ctx: WaitContext, own: Task): Promise<void>;
}

export function createRefresher<T>(swap: SwapContext<T>): Refresher {
  const { options, timing, holder, tasks } = swap;
  let pointer: Pointer | undefined;
  let etag: string | undefined;
  const refused = new Map<string, { error: unknown; until: number }>();

  async function load(version: string, ctx: WaitContext, own: Task): Promise<void> {
    const known = version === pointer?.version ? pointer.lengths : undefined;
    const lengths = known ?? lengthsOf(await readManifest(options, version));
    tasks.alive(own);
    await swapTo(swap, { version, lengths }, ctx, own);
  }

  async function refresh(ctx: WaitContext, own: Task): Promise<void> {
    const before = holder.live?.version;
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
      if (version === holder.live?.version) break;
      const refusal = refused.get(version);
      if (refusal && Date.now() < refusal.until) {
        failure ??= refusal.error;
        continue;
      }
      try {
        await load(version, ctx, own);
        break;
      } catch (error) {
        tasks.alive(own);
        failure ??= error;
        if (error instanceof ArtifactError || own.opening) {
          refused.set(version, { error, until: Date.now() + timing.refuse });
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
