import { join } from "node:path";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";
import { type Codec, MAX_SECTIONS } from "../../worker/core/format/constants.ts";
import { decodeHeader, tableEnd } from "../../worker/core/format/header.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { pickQueries } from "../forest/build-forest.ts";
import { readWhole } from "../local/local-index.ts";
import { liveItems } from "../recall/verify.ts";
import type { Certifiable } from "./certify.ts";

/** An artifact on disk whose vectors are read back: the finest that it stores. */
export interface StoredShard {
  readonly dir: string;
  readonly manifest: Manifest;
  /** Stored vectors. */
  readonly count: number;
  /** Largest item number plus one. */
  readonly nItems: number;
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items: Uint32Array | undefined;
}

/** Opens all of a folder's `forest.bin`. @throws ArtifactError naming the fault */
export async function openWhole(dir: string): Promise<{ artifact: Artifact; forest: Forest }> {
  const artifact = openArtifact(await readWhole(join(dir, "forest.bin")));
  return { artifact, forest: openForest(artifact) };
}

/** The items that have a vector, ascending; undefined when all do. */
export function itemsWithVectors(forest: Forest): Uint32Array | undefined {
  const { nItems, nSlots } = forest.artifact.header;
  return nItems === nSlots ? undefined : liveItems(forest);
}

/** Decodes the vectors of some rows, or of all. */
export function decodeRows(
  forest: Forest,
  items: Uint32Array | undefined,
  out: Float32Array,
  rows?: Uint32Array,
): void {
  const count = out.length / forest.dimensions;
  for (let i = 0; i < count; i++) {
    const row = rows?.[i] ?? i;
    const vector = forest.vector(items?.[row] ?? row);
    if (vector) out.set(vector, i * forest.dimensions);
  }
}

/** Returns a reader of a shard's folder for certification. */
export function certifiableOf({ dir, manifest, count, items }: StoredShard): Certifiable {
  const { forest, codec, dimensions } = manifest;
  return {
    count,
    heldOut: pickQueries(count, forest.seed),
    items,
    flat: forest.kind === "flat",
    async read(out) {
      decodeRows((await openWhole(dir)).forest, items, out);
    },
    async pick(rows) {
      const out = new Float32Array(rows.length * dimensions);
      decodeRows((await openWhole(dir)).forest, items, out, rows);
      return out;
    },
    bytes: () => readSearchedBytes(join(dir, "forest.bin"), codec),
  };
}

/**
 * Bytes of `forest.bin` that a reader has for a search: the hot part, and behind binary codes the vectors that it
 * reads by range as well.
 */
export async function readSearchedBytes(path: string, codec: Codec): Promise<Uint8Array<SharedArrayBuffer>> {
  const { header } = decodeHeader(await readWhole(path, tableEnd(MAX_SECTIONS)));
  const bytes = await readWhole(path, codec === "binary" ? header.fileBytes : header.hotBytes);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength));
  shared.set(bytes);
  return shared;
}
