import { fullSketchBits } from "../../worker/core/forest/compact/rotation.ts";
import type { Codec, Metric, RescoreCodec } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { SectionSource } from "../artifact/layout.ts";
import type { ForestSettings } from "../settings/options.ts";

/**
 * Up to this many coordinates in all a scan of every vector answers. Measured (docs/forest.md): at 500 vectors of 100
 * dimensions a walk through the whole forest costs three quarters of the scan, at 1,000 two thirds, at 5,000 two fifths. A
 * constant, because a build that timed itself would not give the same bytes twice; and more than speed alone asks for,
 * because a scan is exact, smaller and built at once.
 */
export const FLAT_COORDINATES = 1 << 17;
/**
 * Up to this many, the default searchK is all there is: a whole walk still takes a fraction of a millisecond, and nobody
 * should miss a neighbour for that.
 */
const WHOLE_WALK_COORDINATES = 1 << 19;
/**
 * The same up to this many items of this many coordinates in all: at 384 dimensions a whole walk costs half more than one that
 * finds .95 of the neighbours, and the twentieth that this one misses is a twentieth of the good answers (docs/forest.md).
 */
const WHOLE_WALK_ITEMS = 8192;
const WHOLE_WALK_LARGEST = 1 << 22;
/** Up to this many, threads would take longer to start than to help. */
const SMALL_COORDINATES = 1 << 20;

/** Whether an index answers by a scan of all its vectors: always exact, and faster than a walk while it is small. */
export function scansAll(
  count: number,
  dimensions: number,
  metric: Metric,
  settings: ForestSettings,
): boolean {
  if (count < 2) return true;
  if (settings.trees !== "auto" || needsTree(settings, metric)) return false;
  return count * dimensions <= FLAT_COORDINATES;
}

/** Trees to grow where `scansAll` does not hold. */
export function treesToGrow(settings: ForestSettings, metric: Metric): number {
  const { trees } = settings;
  return trees === "auto" || (trees === 0 && needsTree(settings, metric)) ? 1 : trees;
}

/** Whether codes are relative to the leaves of a tree. */
function needsTree({ codec }: ForestSettings, metric: Metric): boolean {
  return codec === "binary" && metric !== "hamming";
}

/** Whether a search visits all leaves by default. */
export function walksAll(count: number, dimensions: number, settings: ForestSettings): boolean {
  const coordinates = count * dimensions;
  if (settings.trees !== "auto") return settings.trees === 0;
  return (
    coordinates <= WHOLE_WALK_COORDINATES || (count <= WHOLE_WALK_ITEMS && coordinates <= WHOLE_WALK_LARGEST)
  );
}

/** Small enough to build on the calling thread. */
export function isSmall(count: number, dimensions: number): boolean {
  return count * dimensions <= SMALL_COORDINATES;
}

/** Codecs to build until one meets the target. Hamming vectors are bits, exactly, whatever was asked. */
export function codecsToTry(settings: ForestSettings, trees: number, metric: Metric): readonly Codec[] {
  if (metric === "hamming") return ["binary"];
  if (settings.codec === "auto")
    return trees === 0 ? ["int4", "int8", "float32"] : ["binary", "int4", "int8", "float32"];
  return [trees === 0 && settings.codec === "binary" ? "int8" : settings.codec];
}

/**
 * The finer vectors that a file carries, cold, behind its codec. By default the exact ones; none behind float32; and int8
 * behind binary, whose every answer reads some of them.
 */
export function rescoreTier(asked: RescoreCodec | "auto", codec: Codec, metric: Metric): RescoreCodec {
  if (codec === "float32" || metric === "hamming") return "none";
  if (asked !== "auto") return asked;
  return codec === "binary" ? "int8" : "float32";
}

/**
 * Bits of the 1-bit codes. As the only resident code they take every dimension; in front of a finer one, half of the
 * dimensions already tell which candidates deserve a full score.
 */
export function sketchBits(codec: Codec, dimensions: number): number {
  const full = fullSketchBits(dimensions);
  if (codec === "binary") return full;
  return Math.min(full, Math.max(128, Math.ceil(dimensions / 128) * 64));
}

/**
 * Items of a leaf. A leaf costs dimensions + 20 bytes: this many items keep it to 2.5 bytes an item where the leaves
 * are the only cost (one tree), and to 1.4 where every item is listed as well.
 */
export function defaultLeafSize(dimensions: number, trees: number): number {
  return Math.max(48, Math.ceil((dimensions + 20) / (trees > 1 ? 1.4 : 2.5)));
}

/** Bytes that a search has in memory. */
export function hotBytes(sections: readonly SectionSource[]): number {
  return sections.reduce((sum, section) => sum + (section.hot ? section.bytes.byteLength : 0), 0);
}

export function withinBudget(bytes: number, settings: ForestSettings): boolean {
  return settings.maxBytes === undefined || bytes <= settings.maxBytes;
}

export interface CodecBytes {
  readonly codec: Codec;
  readonly bytes: number;
}

/** @param sizes what the codecs need that were tried, at least one */
export function budgetError(sizes: readonly CodecBytes[], settings: ForestSettings): AnnoyEdgeError {
  const needs = sizes.map(({ codec, bytes }) => `${bytes} bytes with codec ${codec}`).join(", ");
  const smallest = sizes[0]?.codec === "binary";
  const trees = settings.trees === "auto" || settings.trees < 2 ? "" : "fewer --trees, ";
  return new AnnoyEdgeError(
    "OVER_BUDGET",
    `Forest and vectors need ${needs}, and --max-bytes allows ${settings.maxBytes}. Allow more, or choose ${trees}${smallest ? "" : "a smaller codec (--codec auto, int4 or binary), "}fewer dimensions, or several shards (--shards).`,
  );
}
