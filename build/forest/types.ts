import type { Codec, Metric, RescoreCodec } from "../../worker/core/format/constants.ts";
import type { ArtifactMeta, CertifiedRecall } from "../../worker/core/format/meta.ts";
import type { HeaderFields, SectionSource } from "../artifact/layout.ts";

/** Vectors to index. Row r of `vectors` (row-major, over shared memory so that worker threads see it) is item `items[r]`, or r. */
export interface ForestInput {
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  readonly metric: Metric;
  /** Ascending item numbers of the rows, when there are holes. */
  readonly items?: Uint32Array;
}

export interface ForestSettings {
  readonly trees: number | "auto";
  readonly targetRecall: number;
  readonly codec: Codec | "auto";
  /** What cold tier of finer vectors the file carries beside the codec. */
  readonly rescore: RescoreCodec | "auto";
  /** Items a leaf holds at most; 0 chooses. */
  readonly leafSize: number;
  readonly seed: number;
  /** Worker threads; -1: all cores. Never changes the bytes. */
  readonly jobs: number;
  /** Upper bound of the hot forest and vector sections together, in bytes. */
  readonly maxBytes?: number;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** `read`, `split`, `embed`, `forest`, `certify`, `write`, ... */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
}

/** Everything of an artifact that comes from the vectors. */
export interface BuiltForest {
  readonly header: HeaderFields;
  readonly sections: SectionSource[];
  readonly forest: ArtifactMeta["forest"];
  readonly certified: CertifiedRecall;
  readonly codec: Codec;
  readonly rescore: RescoreCodec;
}
