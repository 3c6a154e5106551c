import { join } from "node:path";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { pickQueries } from "../forest/build-forest.ts";
import { readWhole } from "../local/local-index.ts";
import type { Certifiable } from "./certify.ts";
import { readSearchedBytes } from "./searched-bytes.ts";

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
  if (nItems === nSlots) return undefined;
  const items = new Uint32Array(nSlots);
  let count = 0;
  for (let item = 0; item < nItems; item++) if (forest.vector(item)) items[count++] = item;
  return items.subarray(0, count);
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
