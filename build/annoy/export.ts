import { dirname, join } from "node:path";
import { openAnnoyTrees } from "../../worker/core/forest/annoy/trees.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import { packBits } from "../../worker/core/forest/query.ts";
import { openSlots, type SlotTable } from "../../worker/core/forest/slots.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { type AnnoyLayout, hasItemFactors, layoutsOf } from "../../worker/core/format/annoy.ts";
import { type Artifact, requireBytes } from "../../worker/core/format/artifact.ts";
import type { Metric } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { shardFolder } from "../../worker/core/format/keys.ts";
import { readManifest, requireUnchanged } from "../artifact/folder.ts";
import { openForestFile } from "../local/local-index.ts";
import { OptionError } from "../settings/errors.ts";
import { makeFolder } from "../settings/make-folder.ts";
import { requireText } from "../settings/options.ts";
import type { Progress } from "../settings/progress.ts";
import { itemNumbers } from "./grow-trees.ts";
import { memoryStore } from "./item-store.ts";
import { DEFAULT_SEED } from "./random.ts";
import type { AnnoyData } from "./read.ts";
import { writeAnnoyFile } from "./write.ts";

export interface ExportAnnoyOptions {
  /** The `.ann` file to write. */
  readonly out: string;
  /** Trees to grow where the artifact has no Annoy trees; default 10, -1 as many as make the nodes twice the items. */
  readonly trees?: number;
  /**
   * The node layout, where a metric has two: `dot-1.17` (default) is what Annoy up to 1.17.3 loads, `dot` what its
   * master branch does. Trees that were imported keep theirs; another layout grows new ones.
   */
  readonly layout?: AnnoyLayout;
  readonly seed?: number;
  /** Worker threads; -1 (default): all cores. Never changes the bytes. */
  readonly jobs?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export interface ExportAnnoyResult {
  readonly out: string;
  readonly metric: Metric;
  readonly dimensions: number;
  readonly items: number;
  readonly trees: number;
  readonly layout: AnnoyLayout;
  /** Whether the trees are those that were imported, or were grown for this file. */
  readonly kept: boolean;
}

const DEFAULT_TREES = 10;

/**
 * Writes an artifact's index as a file that Spotify's Annoy loads: from an imported artifact the very same nodes, from
 * any other a fresh Annoy forest over its vectors (as its codec stores them).
 *
 * @throws AnnoyEdgeError `HAS_CHANGES`, `SHARDED_INDEX`, `UNKNOWN_LAYOUT`, `CANNOT_WRITE`
 */
export async function exportAnnoy(dir: string, options: ExportAnnoyOptions): Promise<ExportAnnoyResult> {
  requireText("out", options.out);
  requireUnchanged(dir, await readManifest(dir));
  const artifact = await openForestFile(dir);
  if (artifact.meta.shards) {
    throw new AnnoyEdgeError(
      "SHARDED_INDEX",
      `${dir} is cut into shards, and Annoy's file is one. Export its shards one by one (${join(dir, shardFolder(0))}, ...), or build it without shards.`,
    );
  }
  const { data, kept } = await annoyDataOf(artifact, options);
  makeFolder(dirname(options.out));
  writeAnnoyFile(options.out, data);
  const { metric, dimensions, layout, roots } = data.trees;
  return {
    out: options.out,
    metric,
    dimensions,
    items: artifact.header.nSlots,
    trees: roots.length,
    layout,
    kept,
  };
}

/** The Annoy index of an artifact: the imported one, or one that is grown now. */
async function annoyDataOf(
  artifact: Artifact,
  options: Omit<ExportAnnoyOptions, "out">,
): Promise<{ data: AnnoyData; kept: boolean }> {
  const { metric, dimensions, forestKind } = artifact.header;
  const layouts = layoutsOf(metric);
  if (options.layout !== undefined && !layouts.includes(options.layout)) {
    throw new AnnoyEdgeError(
      "UNKNOWN_LAYOUT",
      `Metric ${metric} has no layout ${options.layout}, but ${layouts.join(" and ")}.`,
    );
  }
  const forest = openForest(artifact);
  if (forestKind === "annoy") {
    const trees = openAnnoyTrees(artifact);
    if (options.layout === undefined || options.layout === trees.layout) {
      const slots = openSlots(artifact);
      const stored = vectorsOf(forest, slots, metric === "hamming");
      const itemFactors =
        trees.itemFactors.length > 0 ? trees.itemFactors : itemFactorsOf(metric, stored.vectors, dimensions);
      const data = {
        trees: { ...trees, itemFactors },
        nodeBytes: requireBytes(artifact, "annoyNodes"),
        slots,
        ...stored,
      };
      return { data, kept: true };
    }
  }
  const store = memoryStore(options.layout ?? layouts[0]!, dimensions);
  for (let item = 0; item < forest.nItems; item++) {
    const vector = forest.vector(item);
    if (vector) store.put(item, vector);
  }
  const { seed, jobs = -1, trees = DEFAULT_TREES, onProgress } = options;
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new OptionError(`seed is ${seed}; a whole number is needed.`);
  }
  const built = await store.build(seed === undefined ? DEFAULT_SEED : BigInt(seed), {
    nTrees: trees,
    nJobs: jobs,
    onProgress,
  });
  return { data: built.open(), kept: false };
}

/** The stored vectors by slot, decoded. */
function vectorsOf(forest: Forest, slots: SlotTable, hamming: boolean): Pick<AnnoyData, "vectors" | "bits"> {
  const { dimensions } = forest;
  const stride = Math.ceil(dimensions / 32);
  const vectors = new Float32Array(hamming ? 0 : slots.nSlots * dimensions);
  const bits = new Uint32Array(hamming ? slots.nSlots * stride : 0);
  for (let slot = 0; slot < slots.nSlots; slot++) {
    const vector = forest.vector(slots.slotItems ? slots.slotItems[slot]! : slot)!;
    if (hamming) bits.set(packBits(vector), slot * stride);
    else vectors.set(vector, slot * dimensions);
  }
  return { vectors, bits };
}

/** Annoy's numbers of each item, for vectors that were recoded. */
function itemFactorsOf(metric: Metric, vectors: Float32Array, dimensions: number): Float32Array {
  if (!hasItemFactors(metric)) return new Float32Array(0);
  const count = vectors.length / dimensions;
  const buffer = new SharedArrayBuffer(vectors.byteLength);
  new Float32Array(buffer).set(vectors);
  const items = new Uint32Array(new SharedArrayBuffer(count * 4));
  for (let i = 0; i < count; i++) items[i] = i;
  const rows = { kind: "memory", buffer, stride: dimensions } as const;
  return itemNumbers({ metric, dimensions, nItems: count, rows, items }).factors;
}
