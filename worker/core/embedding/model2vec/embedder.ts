import type { EmbedderIdentity } from "../../format/meta.ts";
import { type CarriedEmbedder, embedderBy } from "../types.ts";
import { openModel2VecTable } from "./table.ts";
import { tokenise } from "./tokens.ts";

/**
 * The embedder over a model2vec table: the mean of a text's token rows, scaled to unit length when the model says so.
 *
 * @throws ArtifactError `CORRUPT_EMBEDDER`
 */
export function createModel2VecEmbedder(tableBytes: Uint8Array, model: string): CarriedEmbedder {
  const table = openModel2VecTable(tableBytes);
  const { dim, codes, rowOf, scales, unit } = table;
  const sum = new Float64Array(dim);
  const identity: EmbedderIdentity = {
    provider: "model2vec",
    model,
    dimensions: dim,
    pooling: "mean",
    normalized: unit,
  };
  const embedInto = (text: string, out: Float32Array): void => {
    sum.fill(0);
    const tokens = tokenise(table, text);
    for (const token of tokens) {
      const scale = scales[token]!;
      let at = rowOf[token]! * dim;
      for (let i = 0; i < dim; i++) sum[i]! += codes[at++]! * scale;
    }
    let factor = tokens.length > 0 ? 1 / tokens.length : 0;
    if (unit) {
      let square = 0;
      for (let i = 0; i < dim; i++) square += sum[i]! * sum[i]!;
      factor = square > 0 ? 1 / Math.sqrt(square) : 0;
    }
    for (let i = 0; i < dim; i++) out[i] = sum[i]! * factor;
  };
  return {
    identity,
    tableBytes,
    ...embedderBy(dim, embedInto),
  };
}
