import { HELD_BYTES, LOADED_BYTES } from "../core/format/budget.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { sleep } from "../core/time/wait.ts";
import { fillCaches } from "./files.ts";
import { loadVersion } from "./load.ts";
import { artifactsOf, freeParts, heldBytesOf, type LoadedParts, type LoadResult } from "./loaded.ts";
import type { LoadedVersions } from "./loaded-versions.ts";
import type { VersionLengths } from "./pointer.ts";
import { LAST_POLL_MS, type RefreshTask, type RefreshTasks } from "./refresh-task.ts";
import type { IndexReaderOptions, ReaderTiming, WaitContext } from "./types.ts";
import { requireFiles } from "./versions.ts";

/** Parts that a swap works on. */
export interface SwapContext<T> {
  readonly options: IndexReaderOptions<T>;
  readonly timing: ReaderTiming;
  readonly versions: LoadedVersions<T>;
  readonly tasks: Pick<RefreshTasks, "alive">;
  /** Bytes of all versions, and of those that are being read. */
  readonly heldBytes: () => number;
  /** Called when the memory of a load is taken, before its first byte is read. */
  readonly onLoad: () => void;
}

/** A version that is to answer. */
interface Wanted {
  readonly version: string;
  readonly lengths: VersionLengths;
  /** The artifact that it changes, where that is in memory. */
  readonly base: LoadedParts | undefined;
  /** Bytes of it and its base, and what of them loading adds beside what is in memory. */
  readonly whole: number;
  readonly added: number;
}

/** Loads a version and lets it answer: beside the one that answers now where memory allows, otherwise in its place. */
export async function swapTo<T>(
  swap: SwapContext<T>,
  { version, lengths }: Pick<Wanted, "version" | "lengths">,
  ctx: WaitContext,
  own: RefreshTask,
): Promise<void> {
  const { options, timing, versions } = swap;
  const wanted = describeWanted(versions, version, lengths);
  const needed = wanted.whole + (lengths.encoder?.bytes ?? 0);
  if (needed > LOADED_BYTES) {
    own.opening = true;
    throw new AnnoyEdgeError(
      "VERSION_TOO_LARGE",
      `Version ${version} takes ${needed} bytes of memory; an isolate has room for ${LOADED_BYTES}.`,
    );
  }
  const unpin = versions.pin(wanted.base);
  try {
    await takeRoom(swap, wanted, own);
    swap.onLoad();
    const loaded = await load(swap, wanted, ctx, own);
    open(swap, wanted, loaded, own);
  } finally {
    own.bytes = 0;
    unpin();
  }
  own.opening = false;
  if (options.cache) {
    // The answers that wait go first; and what goes wrong with a cache concerns no reader.
    ctx.waitUntil(
      sleep(timing.fill)
        .then(() => fill(options, versions, version))
        .catch(() => {}),
    );
  }
}

function describeWanted<T>(versions: LoadedVersions<T>, version: string, lengths: VersionLengths): Wanted {
  const base = versions.artifact(lengths.base?.version);
  const whole = heldBytesOf(lengths) + (lengths.base ? heldBytesOf(lengths.base) : 0);
  const added = versions.artifact(version) ? 0 : base ? heldBytesOf(lengths) : whole;
  return { version, lengths, base, whole, added };
}

/** Takes the memory that a version needs: others make room for it, or the version that answers gives way. */
async function takeRoom<T>(swap: SwapContext<T>, wanted: Wanted, own: RefreshTask): Promise<void> {
  const { options, versions, tasks, heldBytes } = swap;
  const { version, lengths, whole, added } = wanted;
  const budget = options.memoryBudget ?? HELD_BYTES;
  const claim = (): boolean => {
    tasks.alive(own);
    if (heldBytes() + added > budget - (options.reservedBytes?.(lengths) ?? 0)) return false;
    own.bytes = added;
    return true;
  };
  if (claim()) return;
  if (options.makeRoom) await options.makeRoom(claim, versions.live !== undefined);
  if (own.bytes === 0) {
    // What answers is not given up for a version that cannot be loaded.
    if (versions.live) await requireFiles(options, version, lengths);
    tasks.alive(own);
    await drain(swap, own);
  }
  own.bytes = versions.live ? added : whole;
}

/** Gives up the live version and waits until no request uses it. */
async function drain<T>({ versions, tasks, timing }: SwapContext<T>, own: RefreshTask): Promise<void> {
  const old = versions.live;
  if (!old) return;
  versions.retire();
  const deadline = monotonicNow() + timing.drain;
  while (versions.isUsed(old)) {
    if (monotonicNow() > deadline) {
      versions.restore(old);
      throw new AnnoyEdgeError(
        "SWAP_POSTPONED",
        `Version ${old.version} is still in use after ${timing.drain} ms; it is replaced later.`,
      );
    }
    await sleep(LAST_POLL_MS);
    tasks.alive(own);
  }
  versions.prune();
}

/** Loads a version, unless it is in memory as the base of another. */
async function load<T>(
  { options, versions, tasks }: SwapContext<T>,
  { version, lengths, base }: Wanted,
  ctx: WaitContext,
  own: RefreshTask,
): Promise<LoadResult> {
  const parts = versions.artifact(version);
  if (parts) return { parts, from: "cache", fresh: [] };
  return loadVersion(options, version, lengths, {
    base,
    onProgress: () => tasks.alive(own),
    onManifest: (manifest) => {
      if (options.prepare) ctx.waitUntil(options.prepare(manifest));
    },
  });
}

/** Lets what was loaded answer; what was read for it is given back when it cannot. */
function open<T>(
  { options, versions, tasks }: SwapContext<T>,
  { version, base }: Wanted,
  { parts, from, fresh }: LoadResult,
  own: RefreshTask,
): void {
  try {
    tasks.alive(own);
    own.opening = true;
    const value = options.open(parts);
    const loadedAt = Date.now();
    versions.put({ version, parts, value, from, fresh, loadedAt, leases: new Set(), expired: false });
  } catch (error) {
    for (const one of artifactsOf({ parts })) {
      const isShared = [base, versions.artifact(one.version)].some((own) => own?.artifact === one.artifact);
      if (!isShared) freeParts(one);
    }
    throw error;
  }
}

/** Leaves a version in the data centre's cache, unless it has given way meanwhile: nothing keeps its bytes until then. */
async function fill<T>(
  options: IndexReaderOptions<T>,
  versions: LoadedVersions<T>,
  version: string,
): Promise<void> {
  const { live } = versions;
  if (live?.version !== version) return;
  await fillCaches(options, live, versions.take(live));
}
