import { type Codec, NO_SLOT } from "../../worker/core/format/constants.ts";
import type { ArtifactMeta } from "../../worker/core/format/meta.ts";
import type { BuiltForest } from "../artifact/folder-files.ts";
import type { HeaderFields, SectionSource } from "../artifact/layout.ts";
import { bytesOf } from "../numeric/arrays.ts";
import { type Geometry, geometryOf } from "../numeric/geometry.ts";
import { createRandom, partSeed, sample } from "../numeric/random.ts";
import { exactAnswers, textAnswers } from "../recall/exact-answers.ts";
import type { Truth } from "../recall/held-out.ts";
import type { ForestSettings } from "../settings/options.ts";
import type { Pool } from "../threads/pool.ts";
import { buildSketches, type Sketching } from "./encode.ts";
import { type EncodedNodes, encodeNodes, measureReach } from "./nodes.ts";
import { createForestPool } from "./pool.ts";
import {
  budgetError,
  type CodecBytes,
  codecsToTry,
  defaultLeafSize,
  hotBytes,
  isSmall,
  rescoreTier,
  scansAll,
  sketchBits,
  treesToGrow,
  walksAll,
  withinBudget,
} from "./sizing.ts";
import { growTree, type TreeNode } from "./tree.ts";
import { certifySections, type Encoded } from "./tune.ts";
import type { ForestInput } from "./types.ts";
import { vectorSectionsBy } from "./vector-sections.ts";

/** Below this many dimensions a full score costs no more than an estimate. */
const LEAST_SKETCHED_DIMENSIONS = 48;
const MOST_QUERIES = 800;
/** Shares of progress: exact answers in certification, encoding in one codec. */
const ANSWERS_SHARE = 0.5;
const ENCODING_SHARE = 0.2;

/**
 * Builds everything of an artifact that comes from the vectors: trees, codes, sketches, and the recall they reach.
 * The same input, settings and seed give the same bytes, whatever the number of jobs.
 */
export async function buildForest(input: ForestInput, settings: ForestSettings): Promise<BuiltForest> {
  const { dimensions, metric, vectors } = input;
  const count = vectors.length / dimensions;
  // Codecs may be tried one after another: what is shown never falls back.
  const furthest = new Map<string, number>();
  const progress = (phase: string, share: number) => {
    const done = Math.max(furthest.get(phase) ?? 0, Math.round(share * 1000));
    furthest.set(phase, done);
    settings.onProgress?.({ phase, done, total: 1000 });
  };
  const flat = scansAll(count, dimensions, metric, settings);
  const geometry = geometryOf(metric, vectors, dimensions);
  const { rows, width, spherical } = geometry;
  const shared = { rows, width, spherical, unit: metric === "angular" };
  const pool = createForestPool(shared, settings.jobs, isSmall(count, dimensions));
  try {
    const queries = pickQueries(count, settings.seed);
    const isTraining = new Uint8Array(count).fill(1);
    for (const row of queries) isTraining[row] = 0;
    const training = Uint32Array.from({ length: count }, (_, i) => i).filter((row) => isTraining[row]);
    // Threads that the trees leave idle begin with the exact answers.
    let answered = 0;
    let waiting = false;
    const answers = exactAnswers(input, geometry, pool, { queries, flat }, (share) => {
      answered = share;
      if (waiting) progress("certify", ANSWERS_SHARE * share);
    });
    // When a tree fails first, these are not awaited.
    answers.catch(() => {});
    const whole = flat || walksAll(count, dimensions, settings);
    const asked = whole ? Promise.resolve(undefined) : textAnswers(input, geometry, pool);
    asked.catch(() => {});
    const trees = flat ? 0 : treesToGrow(settings, metric);
    const leafSize = settings.leafSize || defaultLeafSize(dimensions, trees);
    const grown: TreeNode[][] = [];
    for (let t = 0; t < trees; t++) {
      const seed = partSeed(settings.seed, t);
      const settled = { training, isTraining, leafSize, seed };
      const children = await growTree(geometry, pool, settled, (share) =>
        progress("forest", (t + share) / trees),
      );
      grown.push(children);
    }
    const nodes = trees > 0 ? layOut(grown, geometry, training, settings.seed) : undefined;
    waiting = true;
    progress("certify", ANSWERS_SHARE * answered);
    const truth = await answers;
    const texts = await asked;
    const codecs = codecsToTry(settings, trees, metric);
    const parts = { input, settings, geometry, pool, nodes, trees, leafSize, truth, texts };
    const sizes: CodecBytes[] = [];
    let best: BuiltForest | undefined;
    for (const [i, codec] of codecs.entries()) {
      // Encoding is a small part of what certification waits for, but no time without a sign.
      const onProgress = (share: number) =>
        progress("certify", ANSWERS_SHARE + ((1 - ANSWERS_SHARE) * (i + share)) / codecs.length);
      const encoded = await encode(parts, codec, (share) => onProgress(ENCODING_SHARE * share));
      const bytes = hotBytes(encoded.sections);
      sizes.push({ codec, bytes });
      // Finer codecs are larger.
      if (!withinBudget(bytes, settings)) break;
      const built = await certified(parts, encoded, (share) =>
        onProgress(ENCODING_SHARE + (1 - ENCODING_SHARE) * share),
      );
      // Where no codec that fits meets the target, the one that comes nearest, and its figures say so.
      if (!best || built.certified.recallAt10 > best.certified.recallAt10) best = built;
      if (built.certified.met) break;
    }
    if (!best) throw budgetError(sizes, settings);
    progress("certify", 1);
    return best;
  } finally {
    await pool.close();
  }
}

interface Parts {
  readonly input: ForestInput;
  readonly settings: ForestSettings;
  readonly geometry: Geometry;
  readonly pool: Pool;
  readonly nodes: EncodedNodes | undefined;
  readonly trees: number;
  readonly leafSize: number;
  readonly truth: Truth;
  readonly texts: Truth | undefined;
}

async function encode(parts: Parts, codec: Codec, onProgress: (share: number) => void): Promise<Encoded> {
  const { input, settings, geometry, pool, nodes, trees, leafSize } = parts;
  const { metric, dimensions, vectors } = input;
  const count = vectors.length / dimensions;
  const order = nodes?.order ?? Uint32Array.from({ length: count }, (_, i) => i);
  const rescore = rescoreTier(settings.rescore, codec, metric);
  const sections: SectionSource[] = [];
  if (nodes) {
    sections.push(
      { name: "nodes", hot: true, bytes: bytesOf(nodes.nodes) },
      { name: "roots", hot: true, bytes: bytesOf(nodes.roots) },
      { name: "centroids", hot: true, bytes: bytesOf(nodes.centroids) },
    );
    if (trees > 1) sections.push({ name: "leafItems", hot: true, bytes: bytesOf(nodes.leafItems) });
    const { translation } = geometry;
    if (translation) sections.push({ name: "translation", hot: true, bytes: bytesOf(translation) });
  }
  let sketch: Sketching | undefined;
  if (nodes && metric !== "hamming" && (dimensions >= LEAST_SKETCHED_DIMENSIONS || codec === "binary")) {
    const sketches = await buildSketches(
      geometry,
      pool,
      nodes,
      {
        bits: sketchBits(codec, dimensions),
        seed: settings.seed,
        halfSquares: metric === "euclidean" || metric === "manhattan",
        shared: trees > 1,
      },
      (share) => onProgress(share / 2),
    );
    sections.push(...sketches.sections);
    sketch = sketches;
  }
  sections.push(
    ...(await vectorSectionsBy(pool, { metric, codec, rescore, vectors, dimensions, order }, (share) =>
      onProgress(0.5 + share / 2),
    )),
  );
  const nItems = input.items ? (input.items[count - 1] ?? -1) + 1 : count;
  sections.push(...slotSections(order, input.items, nItems));
  const forest: ArtifactMeta["forest"] = {
    kind: nodes ? "compact" : "flat",
    trees,
    splitNodes: nodes?.splitNodes ?? 0,
    leafNodes: nodes?.leafNodes ?? 0,
    leafSize: nodes ? leafSize : 0,
    seed: settings.seed,
  };
  const header: HeaderFields = {
    metric,
    codec,
    forestKind: forest.kind,
    rescore,
    dimensions,
    nItems,
    nSlots: count,
    nTrees: trees,
    defaultSearchK: 0,
    seed: settings.seed,
    leafSize: forest.leafSize,
    certifiedRecall: 0,
  };
  return { header, forest, sections, sketch };
}

async function certified(
  { settings, pool, truth, texts }: Parts,
  encoded: Encoded,
  onProgress: (share: number) => void,
): Promise<BuiltForest> {
  const { header, forest, sections } = encoded;
  const { nSlots, dimensions } = header;
  const certified = await certifySections(
    pool,
    encoded,
    { truth, texts },
    { target: settings.targetRecall, whole: walksAll(nSlots, dimensions, settings) },
    onProgress,
  );
  const { defaultSearchK, recallAt10 } = certified;
  return {
    header: { ...header, defaultSearchK, certifiedRecall: recallAt10 },
    sections,
    forest,
    certified,
  };
}

function layOut(grown: TreeNode[][], geometry: Geometry, training: Uint32Array, seed: number): EncodedNodes {
  const rows = sample(training, 200, createRandom(partSeed(seed, 1 << 20)));
  const reach = measureReach(grown[0]!, geometry, rows);
  return encodeNodes(grown, geometry, reach);
}

/** Rows that are kept from training and serve as queries: a fortieth, or ten where there are so few. */
export function pickQueries(count: number, seed: number): Uint32Array {
  const wanted = Math.min(MOST_QUERIES, Math.max(Math.min(10, count >>> 1), Math.floor(count / 40)));
  return sample(
    Uint32Array.from({ length: count }, (_, i) => i),
    wanted,
    createRandom(partSeed(seed, 1 << 21)),
  );
}

/** Sections `slotItems` and `itemSlots`; none where slot and item are the same number throughout. */
function slotSections(order: Uint32Array, items: Uint32Array | undefined, nItems: number): SectionSource[] {
  if (!items && order.every((row, slot) => row === slot)) return [];
  const slotItems = items ? order.map((row) => items[row]!) : order;
  const itemSlots = new Uint32Array(nItems).fill(NO_SLOT);
  for (let slot = 0; slot < order.length; slot++) itemSlots[slotItems[slot]!] = slot;
  return [
    { name: "slotItems", hot: true, bytes: bytesOf(slotItems) },
    { name: "itemSlots", hot: true, bytes: bytesOf(itemSlots) },
  ];
}
