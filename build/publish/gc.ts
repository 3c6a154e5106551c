import { AnnoyEdgeError, ArtifactError } from "../../worker/core/format/errors.ts";
import {
  packKey,
  packsPrefix,
  pageKey,
  pagesPrefix,
  parseVersionKey,
  versionKey,
  versionPrefix,
} from "../../worker/core/format/keys.ts";
import type { Placement } from "../../worker/core/format/placement.ts";
import { readPlacement, readPlacements } from "./placements.ts";
import { type PointerState, readPointerState, requirePointerState, swapPointer } from "./pointer.ts";
import { readPublishedManifest } from "./published-manifest.ts";
import type { ObjectInfo, PublishStore } from "./store.ts";
import { describeVersions, type VersionInfo } from "./versions.ts";

export interface GcOptions {
  /** Versions to keep, the current one included; the current and the previous one always stay. */
  readonly keep?: number;
  readonly dryRun?: boolean;
  /** Age below which an object of no version may belong to a publish under way. */
  readonly graceSeconds?: number;
}

export interface GcResult {
  readonly name: string;
  readonly dryRun: boolean;
  readonly kept: readonly string[];
  readonly removed: readonly string[];
  /** Objects that were deleted, or would be. */
  readonly deleted: {
    readonly objects: number;
    readonly objectBytes: number;
    readonly pages: number;
  };
}

export const DEFAULT_KEEP = 5;
/** A first publish on the free plan takes days: its first pages must still be there when it ends. */
const GRACE_SECONDS = 7 * 86_400;
const ATTEMPTS = 5;
const BATCH = 1000;

/**
 * Removes versions that are neither current, nor previous, nor among the last `keep`, and the pages and packs that no
 * remaining version needs.
 *
 * Versions to go are first named in the pointer, by compare-and-swap, so that nobody can promote one of them while it is
 * taken apart. A collection that was killed leaves them named; the next one finishes it.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `PUBLISH_CONFLICT` when others keep publishing, `VERSION_INCOMPLETE` when a
 *   version that stays cannot be read: nothing was changed then
 */
export async function gc(store: PublishStore, name: string, options: GcOptions = {}): Promise<GcResult> {
  const { keep = DEFAULT_KEEP, dryRun = false, graceSeconds = GRACE_SECONDS } = options;
  const spareAfter = new Date(Date.now() - graceSeconds * 1000);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const choice = dryRun
      ? await choose(store, name, keep, spareAfter)
      : await chooseAndMark(store, name, keep, spareAfter);
    const garbage = await findGarbage(store, name, choice.live, spareAfter);
    if (!dryRun && !(await removeAll(store, name, choice, garbage))) continue;
    const { stay, go } = choice;
    const { objects, pages } = garbage;
    return {
      name,
      dryRun,
      kept: stay.map(({ version }) => version),
      removed: go.map(({ version }) => version),
      deleted: {
        objects: objects.length + go.reduce((sum, { objects }) => sum + objects, 0),
        objectBytes: [...objects, ...go].reduce((sum, { bytes }) => sum + bytes, 0),
        pages: pages.length,
      },
    };
  }
  throw busy(name);
}

/** Packs and keys of pages that no remaining version needs. */
interface Garbage {
  readonly objects: readonly ObjectInfo[];
  readonly pages: readonly string[];
}

async function findGarbage(
  store: PublishStore,
  name: string,
  live: ReadonlySet<string>,
  spareAfter: Date,
): Promise<Garbage> {
  const objects: ObjectInfo[] = [];
  for await (const pack of store.listObjects(packsPrefix(name))) {
    if (!live.has(pack.key) && pack.uploaded < spareAfter) objects.push(pack);
  }
  const pages: string[] = [];
  for await (const { key, writtenAt } of store.listPages(pagesPrefix(name))) {
    if (!live.has(key) && writtenAt && writtenAt < spareAfter) pages.push(key);
  }
  return { objects, pages };
}

/**
 * Removes versions and garbage. Looks at the pointer before each step: a version that became current meanwhile may need
 * what was garbage, so that everything is chosen anew.
 *
 * @returns false when the pointer has changed and something may be left
 */
async function removeAll(
  store: PublishStore,
  name: string,
  { state, go }: Choice,
  { objects, pages }: Garbage,
): Promise<boolean> {
  const isCurrent = async () => (await readPointerState(store, name))?.etag === state.etag;
  if (!(await isCurrent())) return false;
  // The manifests first: from then on nobody takes a version for a whole one. Pages last.
  await store.deleteObjects(go.map(({ version }) => versionKey(name, version, "manifest.json")));
  for (const { version } of go) {
    const keys: string[] = [];
    for await (const { key } of store.listObjects(versionPrefix(name, version))) keys.push(key);
    for (let i = 0; i < keys.length; i += BATCH) await store.deleteObjects(keys.slice(i, i + BATCH));
  }
  for (let i = 0; i < pages.length; i += BATCH) {
    if (!(await isCurrent())) return false;
    await store.deletePages(pages.slice(i, i + BATCH));
  }
  if (objects.length > 0) {
    if (!(await isCurrent())) return false;
    await store.deleteObjects(objects.map(({ key }) => key));
  }
  await unmark(store, name, new Set(go.map(({ version }) => version)));
  return true;
}

interface Choice {
  readonly state: PointerState;
  readonly stay: readonly VersionInfo[];
  readonly go: readonly VersionInfo[];
  /** Keys of all pages and packs that the versions that stay need. */
  readonly live: ReadonlySet<string>;
}

async function choose(store: PublishStore, name: string, keep: number, spareAfter: Date): Promise<Choice> {
  const state = await requirePointerState(store, name);
  const { version: current, previous, collecting } = state.pointer;
  const marked = new Set(collecting);
  const stay: VersionInfo[] = [];
  const go: VersionInfo[] = [];
  let kept = 0;
  // Current and previous count first.
  const versions = (await describeVersions(store, name, state.pointer)).sort((a, b) => rank(a) - rank(b));
  for (const version of versions) {
    // Whole or not: what is left of them can be mended.
    const needed = version.version === current || version.version === previous;
    const published = version.state !== "incomplete";
    const young = !version.record && new Date(version.uploaded) >= spareAfter;
    if (needed || (!marked.has(version.version) && (young || (published && kept < keep)))) {
      stay.push(version);
      if (published && !young) kept++;
    } else go.push(version);
  }
  // Changes that stay need their bases, which count for nobody's number.
  const bases = await basesOf(store, name, stay);
  const isBase = ({ version }: VersionInfo) => bases.has(version);
  const all = [...stay, ...go.filter(isBase)];
  return {
    state,
    stay: all,
    go: go.filter((version) => !isBase(version)),
    live: await livePages(store, name, all, current),
  };
}

/** The versions that changes among these are on top of. */
async function basesOf(
  store: PublishStore,
  name: string,
  versions: readonly VersionInfo[],
): Promise<ReadonlySet<string>> {
  const bases = new Set<string>();
  for (const { version, state, record } of versions) {
    const manifest =
      state === "incomplete"
        ? undefined
        : await readable(name, version, () => readPublishedManifest(store, name, version));
    const base = manifest?.base?.version ?? record?.base;
    if (base !== undefined) bases.add(base);
  }
  return bases;
}

function rank({ state }: VersionInfo): number {
  return state === "current" ? 0 : state === "previous" ? 1 : 2;
}

/** Chooses and names what goes in the pointer; again from the start when somebody published meanwhile. */
async function chooseAndMark(
  store: PublishStore,
  name: string,
  keep: number,
  spareAfter: Date,
): Promise<Choice> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const choice = await choose(store, name, keep, spareAfter);
    if (choice.go.length === 0) return choice;
    const collecting = [
      ...new Set([...(choice.state.pointer.collecting ?? []), ...choice.go.map(({ version }) => version)]),
    ];
    const state = await swapPointer(store, choice.state, { ...choice.state.pointer, collecting });
    if (state) return { ...choice, state };
  }
  throw busy(name);
}

async function unmark(store: PublishStore, name: string, removed: ReadonlySet<string>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = await readPointerState(store, name);
    if (!state?.pointer.collecting) return;
    const { collecting, ...pointer } = state.pointer;
    // A version that was marked and is gone, now or in a collection that was killed, needs no mark.
    const left = collecting.filter((version) => !removed.has(version));
    const rest = [];
    for (const version of left) {
      for await (const _ of store.listObjects(versionPrefix(name, version))) {
        rest.push(version);
        break;
      }
    }
    const next = rest.length > 0 ? { ...pointer, collecting: rest } : pointer;
    if (await swapPointer(store, state, next)) return;
  }
  throw busy(name);
}

function busy(name: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "PUBLISH_CONFLICT",
    `The pointer of "${name}" changed ${ATTEMPTS} times while gc tried to write it. Run gc when nobody publishes.`,
  );
}

/** Reads of a version that stays. @throws AnnoyEdgeError `VERSION_INCOMPLETE` when it is damaged */
async function readable<T>(name: string, version: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof ArtifactError) throw unreadable(name, version, cause.message, cause);
    throw cause;
  }
}

function unreadable(name: string, version: string, why: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "VERSION_INCOMPLETE",
    `Which pages version ${version} of "${name}" needs cannot be read: ${why} Nothing was removed. Publish its artifact again; if it is neither the current version nor the one before, a lower --keep lets it go.`,
    { cause },
  );
}

/** Keys of all pages and packs that these versions need. A placement that cannot be read ends the collection. */
async function livePages(
  store: PublishStore,
  name: string,
  versions: readonly VersionInfo[],
  current: string,
): Promise<Set<string>> {
  const live = new Set<string>();
  for (const { version } of versions) {
    const placements = await readable(name, version, async () => {
      const manifest = await readPublishedManifest(store, name, version);
      if (manifest) return readPlacements(store, name, manifest);
      if (version === current) throw unreadable(name, version, "its manifest is not there.");
      return unfinishedPlacements(store, name, version);
    });
    for (const { pages, packs } of placements) {
      for (const page of pages) live.add(pageKey(name, page.hash));
      for (const pack of packs) live.add(packKey(name, pack));
    }
  }
  return live;
}

/** The placements that a version has which was not published to the end. */
async function unfinishedPlacements(
  store: PublishStore,
  name: string,
  version: string,
): Promise<Placement[]> {
  const placements: Placement[] = [];
  for await (const { key } of store.listObjects(versionPrefix(name, version))) {
    const parsed = parseVersionKey(name, key);
    if (!parsed?.file.endsWith("placement.bin")) continue;
    const placement = await readPlacement(store, name, version, parsed.shard);
    if (placement) placements.push(placement);
  }
  return placements;
}
