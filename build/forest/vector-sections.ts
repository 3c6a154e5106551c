import { type VectorStore, vectorStore } from "../../worker/forest/vectors.ts";
import type { Codec, Metric, RescoreCodec, SectionName } from "../../worker/format/constants.ts";
import type { SectionSource } from "../artifact/write.ts";
import { encodeRest, encodeVectors } from "./codecs.ts";

/** The vectors in their codec, and the rescoring tier behind them. */
export function vectorSections(
  metric: Metric,
  codec: Codec,
  rescore: RescoreCodec,
  rows: Float32Array,
  dimensions: number,
  order: Uint32Array,
): SectionSource[] {
  const sections: SectionSource[] = [];
  const add = (name: SectionName, bytes: Uint8Array | undefined, hot: boolean) => {
    if (bytes) sections.push({ name, hot, bytes });
  };
  if (metric === "hamming") {
    add("vectors", encodeVectors(metric, "int8", rows, dimensions, order).vectors, true);
    return sections;
  }
  let coded: VectorStore | undefined;
  if (codec !== "binary") {
    const { vectors, scales, norms } = encodeVectors(metric, codec, rows, dimensions, order);
    add("vectors", vectors, true);
    add("vectorScales", scales, true);
    add("vectorNorms", norms, true);
    const floats = scales && new Float32Array(scales.buffer, scales.byteOffset, scales.byteLength / 4);
    coded = vectorStore({
      metric,
      codec,
      dimensions,
      count: order.length,
      bytes: vectors,
      scales: floats,
      norms: undefined,
    });
  }
  if (rescore === "none" || rescore === "binary") return sections;
  if (coded && rescore !== "float32") {
    const rest = encodeRest(rescore, rows, dimensions, order, coded);
    add("rescoreVectors", rest.vectors, true);
    add("rescoreScales", rest.scales, true);
    return sections;
  }
  const whole = encodeVectors(metric, rescore, rows, dimensions, order);
  add("rescoreVectors", whole.vectors, false);
  // Resident when the rows are read by range: one more request a row would cost more than four bytes a vector.
  add("rescoreScales", whole.scales, true);
  if (codec === "binary") add("vectorNorms", whole.norms, true);
  return sections;
}
