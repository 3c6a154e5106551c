import { type Artifact, findSection, freeBuffer } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import type { FileRange, ReadRanges } from "../types.ts";
import { type VectorStore, vectorBytes, vectorStore } from "../vector-stores.ts";
import { openFactors } from "../vectors.ts";

/** Rows of the rescoring tier that were read from the cold part of the file. */
export interface RescoreRows {
  /** Their vectors, by position in `slots`. */
  readonly store: VectorStore;
  readonly slots: Uint32Array;
  /** Gives the rows' memory back; the store is of no use afterwards. */
  free(): void;
}

/** Reads rows of the rescoring tier that is not in memory. Undefined when the file has none. */
export interface RescoreReader {
  read(slots: Uint32Array, read: ReadRanges): Promise<RescoreRows>;
}

/**
 * A reader of the rescoring tier by range. The rows of neighbouring slots are one range, and all ranges are asked for at
 * once, so that a query waits for one round trip; which of them are read in one piece is the reader's to say. The slots
 * of one leaf lie one behind the other, and so do their rows.
 */
export function openRescoreReader(artifact: Artifact): RescoreReader | undefined {
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
      const wanted = sorted.length * width;
      const bytes = wanted > 0 ? await read(rangesOf(sorted, section.offset, width)) : new Uint8Array();
      if (bytes.byteLength !== wanted) {
        throw new ArtifactError("TRUNCATED", `${bytes.byteLength} of ${wanted} bytes of rows were read.`);
      }
      // Not by `Float32Array.from`, which makes a list of objects of a typed array first.
      const pick = (list: Float32Array | undefined) => {
        const picked = list && new Float32Array(sorted.length);
        for (let i = 0; picked && i < sorted.length; i++) picked[i] = list[sorted[i]!]!;
        return picked;
      };
      const store = vectorStore({
        metric,
        codec: rescore,
        dimensions,
        count: sorted.length,
        bytes,
        scales: pick(factors.scales),
        norms: pick(factors.norms),
      });
      return { store, slots: sorted, free: () => freeBuffer(bytes.buffer) };
    },
  };
}

/** Yields the ranges of slots' rows: slots that follow each other are one. */
function* rangesOf(sorted: Uint32Array, start: number, width: number): Generator<FileRange> {
  let from = 0;
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i]! === sorted[i - 1]! + 1) continue;
    yield { offset: start + sorted[from]! * width, length: (i - from) * width };
    from = i;
  }
}
