import type { Codec } from "../../worker/core/format/constants.ts";
import { defaultLeafSize, FLAT_COORDINATES, sketchBits } from "../forest/sizing.ts";

/** Bytes that are loaded for a query, by what they are. */
export interface ResidentBytes {
  readonly vectors: number;
  /** Sketches, nodes and centroids. */
  readonly forest: number;
  /** Item numbers, docstore ids, where documents lie. */
  readonly ids: number;
  readonly keyword: number;
  /** The default embedder's table and whitening matrix, at 256 dimensions. */
  readonly embedder: number;
  readonly total: number;
}

/** Ids made from content have 12 characters; offsets, order, both directions of item and slot take 4 bytes each. */
const ID_BYTES = 12 + 4 * 4;
/** A page's number and the place in it. */
const PLACEMENT_BYTES = 4;
/** Measured on WordNet and on Python's documentation: a fifth of the text. */
const KEYWORD_SHARE = 0.2;
const STATIC_DIMENSIONS = 256;
const STATIC_TABLE = 7_602_784;

/** Estimates the hot part of an artifact with the default settings of its builder. */
export function estimateResident(shape: {
  readonly items: number;
  readonly dimensions: number;
  readonly codec: Codec;
  readonly textBytes: number;
  readonly keyword: boolean;
}): ResidentBytes {
  const { items, dimensions, codec, textBytes } = shape;
  const flat = items * dimensions <= FLAT_COORDINATES && codec !== "binary";
  const vectors = items * vectorBytes(codec, dimensions);
  const sketches = items * (sketchBits(codec, dimensions) / 8 + 4);
  const leaves = items / defaultLeafSize(dimensions, 1);
  const forest = flat ? 0 : sketches + leaves * (dimensions + 20);
  const ids = items * (ID_BYTES + PLACEMENT_BYTES);
  const keyword = shape.keyword ? items * textBytes * KEYWORD_SHARE : 0;
  const embedder = dimensions === STATIC_DIMENSIONS ? STATIC_TABLE + 4 * dimensions * dimensions : 0;
  return {
    vectors,
    forest,
    ids,
    keyword,
    embedder,
    total: vectors + forest + ids + keyword + embedder,
  };
}

function vectorBytes(codec: Codec, dimensions: number): number {
  switch (codec) {
    case "float32":
      return 4 * dimensions;
    case "int8":
      return dimensions + 4;
    case "int4":
      return dimensions / 2 + 4;
    case "binary":
      // The scale of its row in the rescoring tier.
      return 4;
  }
}
