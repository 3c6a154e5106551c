import type { Metric } from "../../worker/core/format/constants.ts";
import type {
  CertifiedRecall,
  EmbedderIdentity,
  Manifest,
  ManifestFile,
  ShardsMeta,
} from "../../worker/core/format/meta.ts";
import type { FolderWriter } from "../artifact/folder.ts";
import type { BuiltForest } from "../artifact/folder-files.ts";
import { type ArtifactParts, writeArtifact } from "../artifact/folder-files.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { cluster } from "../forest/kmeans.ts";
import { vectorSections } from "../forest/vector-sections.ts";
import { bytesOf } from "../numeric/arrays.ts";
import { meanRow } from "../numeric/geometry.ts";
import { createKernel } from "../numeric/kernels.ts";
import { partSeed } from "../numeric/random.ts";
import { isSpherical, toSpace } from "./space.ts";

/** Centroids a shard by which queries find it, within the bytes that the router's may take in all. */
const CENTROIDS_PER_SHARD = 64;
const LEAST_CENTROIDS = 8;
const CENTROID_BYTES = 4 << 20;
/** Rows that a centroid stands for at least. */
const ROWS_PER_CENTROID = 16;
const SAMPLE_ROWS = 64;
const ITERATIONS = 10;
const SEED_PART = 1 << 23;

/** Returns the number of centroids of a shard. */
export function centroidsOf(
  shape: {
    readonly shards: number;
    readonly dimensions: number;
    readonly partition: ShardsMeta["partition"];
  },
  rows: number,
): number {
  if (shape.partition === "random") return 1;
  const share = Math.floor(CENTROID_BYTES / (4 * shape.dimensions * shape.shards));
  const most = Math.min(CENTROIDS_PER_SHARD, Math.max(LEAST_CENTROIDS, share));
  return Math.max(1, Math.min(most, Math.floor(rows / ROWS_PER_CENTROID)));
}

/** Centroids of a shard's rows, which are brought to the space of clusters in place. */
export function routingCentroids(
  metric: Metric,
  rows: Float32Array,
  dimensions: number,
  settings: { readonly centroids: number; readonly seed: number },
): Float32Array {
  toSpace(metric, rows, dimensions);
  const count = rows.length / dimensions;
  if (settings.centroids === 1) return meanRow(rows, dimensions);
  const numbers = Uint32Array.from({ length: count }, (_, row) => row);
  return cluster(rows, dimensions, createKernel(dimensions), numbers, {
    clusters: settings.centroids,
    spherical: isSpherical(metric),
    seed: partSeed(settings.seed, SEED_PART),
    iterations: ITERATIONS,
    sampleRows: SAMPLE_ROWS,
  }).centroids;
}

/** Input of a router. */
export interface RouterParts {
  readonly name: string;
  readonly metric: Metric;
  readonly dimensions: number;
  readonly seed: number;
  /** One list of centroids a shard, row by row. */
  readonly centroids: readonly Float32Array[];
  readonly shards: ShardsMeta;
  readonly certified: CertifiedRecall;
  readonly embedder: EmbedderIdentity | null;
  /** Sections `embeddingTable` and `whitening`. */
  readonly sections: readonly SectionSource[];
  readonly meta: NonNullable<ArtifactParts["meta"]>;
  readonly source: Readonly<Record<string, unknown>>;
}

/** Writes the router of a sharded folder: its `forest.bin`, an empty `documents.jsonl` and the manifest of the whole. */
export async function writeRouter(folder: FolderWriter, parts: RouterParts): Promise<Manifest> {
  const { metric, dimensions, seed, certified, shards } = parts;
  const owners = Uint16Array.from(
    parts.centroids.flatMap((rows, shard) => new Array<number>(rows.length / dimensions).fill(shard)),
  );
  const rows = new Float32Array(owners.length * dimensions);
  let at = 0;
  for (const part of parts.centroids) {
    rows.set(part, at);
    at += part.length;
  }
  // Bits are stored as bits, whatever the codec: docs/format-forest.md.
  const codec = metric === "hamming" ? "binary" : "float32";
  const order = Uint32Array.from(owners.keys());
  const built: BuiltForest = {
    header: {
      metric,
      codec,
      forestKind: "flat",
      rescore: "none",
      dimensions,
      nItems: owners.length,
      nSlots: owners.length,
      nTrees: 0,
      defaultSearchK: certified.defaultSearchK,
      seed,
      leafSize: 0,
      certifiedRecall: certified.recallAt10,
    },
    sections: vectorSections({ metric, codec, rescore: "none", vectors: rows, dimensions, order }),
    forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed },
    certified,
  };
  const documents: ManifestFile = await (await folder.createFile("documents.jsonl")).close();
  return writeArtifact(folder, {
    name: parts.name,
    built,
    items: shards.list.reduce((sum, { items }) => sum + items, 0),
    ids: Array.from(owners, () => undefined),
    documents,
    embedder: parts.embedder,
    sections: [{ name: "shardOwners", hot: true, critical: true, bytes: bytesOf(owners) }, ...parts.sections],
    meta: { ...parts.meta, shards },
    source: parts.source,
  });
}
