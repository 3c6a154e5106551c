import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { pointerKey, versionKey } from "../../worker/core/format/keys.ts";
import {
  type Pointer,
  type PublishRecord,
  parsePointer,
  type VersionLengths,
} from "../../worker/storage/pointer.ts";
import type { PublishStore } from "./store.ts";

/** The pointer with the etag that a compare-and-swap needs. */
export interface PointerState {
  readonly pointer: Pointer;
  readonly etag: string;
}

/** Pointer that a compare-and-swap replaces; `pointer` is undefined when it was damaged. */
export interface ReplaceablePointer {
  readonly pointer: Pointer | undefined;
  readonly etag: string;
}

/** Lines of history that a pointer keeps; readers fetch it whole, so it stays small. */
const HISTORY = 50;
/** Two writers of the same second meet R2's limit of one write a second a key, or each other's bookkeeping. */
const ATTEMPTS = 5;

export async function readPointerState(store: PublishStore, name: string): Promise<PointerState | undefined> {
  const object = await store.getObject(pointerKey(name));
  if (!object) return undefined;
  return { pointer: parsePointer(new TextDecoder().decode(object.bytes), name), etag: object.info.etag };
}

/** As {@link readPointerState}, but a damaged pointer is one that may be replaced: it has an etag and says nothing. */
export async function readReplaceable(
  store: PublishStore,
  name: string,
): Promise<ReplaceablePointer | undefined> {
  try {
    return await readPointerState(store, name);
  } catch (error) {
    if (!(error instanceof AnnoyEdgeError) || error.code !== "CORRUPT_POINTER") throw error;
    const info = await store.headObject(pointerKey(name));
    return info && { pointer: undefined, etag: info.etag };
  }
}

/** @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED` */
export async function requirePointerState(store: PublishStore, name: string): Promise<PointerState> {
  const state = await readPointerState(store, name);
  if (state) return state;
  throw new AnnoyEdgeError(
    "INDEX_NOT_PUBLISHED",
    `Index "${name}" is not published in ${store.where}: there is no ${pointerKey(name)}.`,
  );
}

/** The pointer after `record`. */
export function advance(
  name: string,
  before: Pointer | undefined,
  record: PublishRecord,
  lengths: VersionLengths,
): Pointer {
  return {
    format: "annoy-edge-pointer",
    formatVersion: 1,
    name,
    version: record.version,
    lengths,
    previous: before?.version === record.version ? before.previous : (before?.version ?? null),
    publishedAt: record.at,
    by: record.by,
    ...(record.message !== undefined && { message: record.message }),
    history: [record, ...(before?.history ?? [])].slice(0, HISTORY),
    ...(before?.collecting && { collecting: before.collecting }),
  };
}

/** Replaces the pointer if nobody else has; undefined when somebody has. */
export async function swapPointer(
  store: PublishStore,
  before: ReplaceablePointer | undefined,
  next: Pointer,
): Promise<PointerState | undefined> {
  const pointer: Pointer = { ...next, revision: (before?.pointer?.revision ?? 0) + 1 };
  const bytes = new TextEncoder().encode(`${JSON.stringify(pointer, null, 1)}\n`);
  const written = await store.putObject(pointerKey(next.name), bytes, {
    contentType: "application/json",
    ...(before ? { ifMatch: before.etag } : { ifAbsent: true }),
  });
  return written ? { pointer, etag: written.etag } : undefined;
}

/**
 * Makes `record.version` current on top of `before`. When only bookkeeping changed meanwhile, it is tried again; when
 * the very version is current already, that is success too.
 *
 * @throws AnnoyEdgeError `PUBLISH_CONFLICT` naming the winner, `VERSION_COLLECTED`
 */
export async function promote(
  store: PublishStore,
  name: string,
  before: ReplaceablePointer | undefined,
  record: PublishRecord,
  lengths: VersionLengths,
): Promise<PointerState> {
  let base = before;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const needed = [record.version, ...(lengths.base ? [lengths.base.version] : [])];
    for (const version of needed) {
      // A collection that ended meanwhile has taken its mark away, and the version with it.
      const isCollected =
        base?.pointer?.collecting?.includes(version) ||
        !(await store.headObject(versionKey(name, version, "manifest.json")));
      if (isCollected) throw collected(name, version);
    }
    const swapped = await swapPointer(store, base, advance(name, base?.pointer, record, lengths));
    if (swapped) return swapped;
    const now = await readPointerState(store, name);
    if (now?.pointer.version === record.version) return now;
    if (now?.pointer.version !== before?.pointer?.version) throw conflict(name, record, now?.pointer);
    base = now;
  }
  throw conflict(name, record, base?.pointer);
}

function collected(name: string, version: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "VERSION_COLLECTED",
    `Version ${version} of "${name}" is being removed by gc, or was. Run "annoy-edge gc" to the end, then publish it anew.`,
  );
}

function conflict(name: string, record: PublishRecord, winner: Pointer | undefined): AnnoyEdgeError {
  const what = winner
    ? `${winner.by} made version ${winner.version} current at ${winner.publishedAt}`
    : "somebody removed the pointer";
  return new AnnoyEdgeError(
    "PUBLISH_CONFLICT",
    `Version ${record.version} of "${name}" was not made current: ${what} while this ran. Run it again to go on from there.`,
  );
}
