import type { Artifact } from "../../format/artifact.ts";
import { findSection } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import type { ReadRange } from "../types.ts";
import { openFactors, type VectorStore, vectorBytes, vectorStore } from "../vectors.ts";

/** Rows this near to each other, in bytes, are read in one piece: a request costs more than what lies between. */
const GAP = 16_384;

/** Rows of the rescoring tier that were read from the cold part of the file. */
export interface ColdRows {
  /** Their vectors, by position in `slots`. */
  readonly store: VectorStore;
  readonly slots: Uint32Array;
}

/** Reads rows of the rescoring tier that is not in memory. Undefined when the file has none. */
export interface ColdTier {
  read(slots: Uint32Array, read: ReadRange): Promise<ColdRows>;
}

/**
 * A reader of the rescoring tier by range: neighbouring rows are coalesced, and all pieces are asked for at once, so
 * that a query waits for one round trip. The slots of one leaf lie one behind the other, and so do their rows.
 */
export function openColdTier(artifact: Artifact): ColdTier | undefined {
  const { metric, rescore, dimensions } = artifact.header;
  const section = findSection(artifact, "rescoreVectors");
  if (rescore === "none" || rescore === "binary" || !section) return undefined;
  const width = vectorBytes(metric, rescore, dimensions);
  if (section.length !== artifact.header.nSlots * width) {
    throw new ArtifactError(
      "BAD_SECTION",
      `Section rescoreVectors has ${section.length} bytes, not ${width} a slot.`,
    );
  }
  const factors = openFactors(artifact, "rescore");
  return {
    async read(slots, read) {
      const sorted = slots.slice().sort();
      const bytes = new Uint8Array(sorted.length * width);
      await Promise.all(
        pieces(sorted, width).map(async ({ from, to }) => {
          const first = sorted[from]! * width;
          const length = (sorted[to - 1]! + 1) * width - first;
          const piece = await read(section.offset + first, length);
          if (piece.byteLength !== length) {
            throw new ArtifactError(
              "TRUNCATED",
              `${piece.byteLength} of ${length} bytes at ${section.offset + first} were read.`,
            );
          }
          for (let i = from; i < to; i++) {
            const at = sorted[i]! * width - first;
            bytes.set(piece.subarray(at, at + width), i * width);
          }
        }),
      );
      const pick = (list: Float32Array | undefined) =>
        list && Float32Array.from(sorted, (slot) => list[slot]!);
      const store = vectorStore({
        metric,
        codec: rescore,
        dimensions,
        count: sorted.length,
        bytes,
        scales: pick(factors.scales),
        norms: pick(factors.norms),
      });
      return { store, slots: sorted };
    },
  };
}

/** Runs of ascending slots whose rows are read together, as [from, to) of the list. */
function pieces(sorted: Uint32Array, width: number): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && (sorted[i]! - sorted[i - 1]! - 1) * width <= GAP) continue;
    if (i > from) runs.push({ from, to: i });
    from = i;
  }
  return runs;
}
