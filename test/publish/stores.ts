import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLocalStore } from "../../build/publish/local.ts";
import { readPointerState } from "../../build/publish/pointer.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { findSection, openArtifact, requireView } from "../../worker/core/format/artifact.ts";
import { packKey, pageKey, versionKey } from "../../worker/core/format/keys.ts";
import type { StoredDocument } from "../../worker/core/format/meta.ts";
import { decodeLine } from "../../worker/core/format/page.ts";
import { decodePlacement, NO_DOCUMENT, pageOf, slotOf } from "../../worker/core/format/placement.ts";
import { type PublishedManifest, parsePublishedManifest } from "../../worker/storage/manifest.ts";

/** A temporary folder with local R2 and KV of its own. */
export async function temporaryStore(): Promise<{
  dir: string;
  store: PublishStore;
  dispose: () => Promise<void>;
}> {
  const dir = await mkdtemp(join(tmpdir(), "annoy-edge-publish-"));
  const store = await openLocalStore({ persistTo: dir, ids: { bucket: "bucket", namespace: "namespace" } });
  return {
    dir,
    store,
    dispose: async () => {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The operations of a store that change it, in the order a publish calls them. */
const WRITES = ["putObject", "putPages", "deleteObjects", "deletePages"] as const;

export class Killed extends Error {}

/** When a publisher dies: before its n-th write, in the middle of it (a bulk write half done), or right after it. */
export interface Fault {
  readonly write: number;
  readonly when: "before" | "during" | "after";
}

/** A store whose user dies at a write. Counts the writes when no fault is given. */
export function dying(store: PublishStore, fault?: Fault): { store: PublishStore; writes: () => string[] } {
  const writes: string[] = [];
  const wrapped = { ...store };
  for (const method of WRITES) {
    const run = store[method].bind(store) as (...args: unknown[]) => Promise<unknown>;
    const replacement = async (...args: unknown[]): Promise<unknown> => {
      writes.push(`${method} ${JSON.stringify(args[0])?.slice(0, 60)}`);
      if (!fault || writes.length !== fault.write + 1) return run(...args);
      if (fault.when === "during" && Array.isArray(args[0])) await run(args[0].slice(0, args[0].length >> 1));
      if (fault.when === "after") await run(...args);
      throw new Killed(`killed ${fault.when} ${writes.at(-1)}`);
    };
    Object.assign(wrapped, { [method]: replacement });
  }
  return { store: wrapped, writes: () => writes };
}

/**
 * Reads what is current as a Worker would, checking everything: manifest, forest, placement, every document from KV
 * and from its pack. Undefined when nothing is published.
 */
export async function readCurrent(
  store: PublishStore,
  name: string,
): Promise<{ version: string; documents: (StoredDocument | undefined)[] } | undefined> {
  const state = await readPointerState(store, name);
  return state && readVersion(store, name, state.pointer.version);
}

export async function readVersion(
  store: PublishStore,
  name: string,
  version: string,
): Promise<{ version: string; documents: (StoredDocument | undefined)[] }> {
  const manifest = await readManifest(store, name, version, version);
  if (!manifest.shards) return { version, documents: await readPart(store, name, version, manifest) };
  const documents: (StoredDocument | undefined)[] = [];
  const centroids = await readPart(store, name, version, manifest);
  if (centroids.some((document) => document !== undefined)) throw new Error("a centroid has a document");
  for (const [shard, { version: expected, firstItem }] of manifest.shards.list.entries()) {
    const own = await readManifest(store, name, version, expected, shard);
    const forest = await bytesAt(store, versionKey(name, version, "forest.bin", shard));
    const artifact = openArtifact(forest);
    const numbers = findSection(artifact, "shardItems") && requireView(artifact, "shardItems", Uint32Array);
    for (const [item, document] of (await readPart(store, name, version, own, shard)).entries()) {
      documents[numbers?.[item] ?? firstItem + item] = document;
    }
  }
  return { version, documents };
}

async function bytesAt(store: PublishStore, key: string): Promise<Uint8Array> {
  const object = await store.getObject(key);
  if (!object) throw new Error(`${key} is missing`);
  return object.bytes;
}

async function readManifest(
  store: PublishStore,
  name: string,
  version: string,
  expected: string,
  shard?: number,
): Promise<PublishedManifest> {
  const json = await bytesAt(store, versionKey(name, version, "manifest.json", shard));
  return parsePublishedManifest(new TextDecoder().decode(json), expected);
}

/** The documents of a shard, or of an index that has none. */
async function readPart(
  store: PublishStore,
  name: string,
  version: string,
  manifest: PublishedManifest,
  shard?: number,
): Promise<(StoredDocument | undefined)[]> {
  openArtifact(await bytesAt(store, versionKey(name, version, "forest.bin", shard)));
  const placementBytes = await bytesAt(store, versionKey(name, version, "placement.bin", shard));
  if (placementBytes.byteLength !== manifest.placement.bytes) throw new Error("placement of another length");
  const placement = decodePlacement(placementBytes);
  const pages = await store.getPages(placement.pages.map((page) => pageKey(name, page.hash)));
  const packs = await Promise.all(placement.packs.map((pack) => bytesAt(store, packKey(name, pack))));
  return [...placement.entries].map((entry) => {
    if (entry === NO_DOCUMENT) return undefined;
    const page = placement.pages[pageOf(entry)]!;
    const text = pages.get(pageKey(name, page.hash));
    if (typeof text !== "string") throw new Error(`page ${page.hash} is missing`);
    const copy = packs[page.pack]!.subarray(page.packOffset, page.packOffset + page.bytes);
    if (new TextDecoder().decode(copy) !== text) throw new Error(`page ${page.hash} differs from its pack`);
    return decodeLine(text, slotOf(entry));
  });
}
