import type { EmbedderIdentity } from "../../format/meta.ts";
import { type CarriedEmbedder, embedderBy } from "../types.ts";
import { type Whitening, whitenInto } from "../whitening.ts";
import { createPooler, poolInto } from "./pool.ts";
import { openStaticTable } from "./table.ts";

/**
 * The embedder that needs no model server. `embedInto` is linear in the text and takes about 5 microseconds a query;
 * vectors have unit length.
 */
export type StaticEmbedder = CarriedEmbedder;

export const STATIC_MODEL = "static-en";

export interface StaticOptions {
  /** Name of the table, kept in the identity. */
  readonly model?: string;
  /** Applied to every vector after pooling. */
  readonly whitening?: Whitening;
}

/**
 * An embedder over the bytes of a static table, which must not change afterwards.
 *
 * @throws ArtifactError `CORRUPT_EMBEDDER`
 */
export function createStaticEmbedder(tableBytes: Uint8Array, options: StaticOptions = {}): StaticEmbedder {
  const table = openStaticTable(tableBytes);
  const pooler = createPooler(table);
  const { dimensions } = table;
  const { whitening } = options;
  const scratch = new Float64Array(whitening ? dimensions : 0);
  const identity: EmbedderIdentity = {
    provider: "static",
    model: options.model ?? STATIC_MODEL,
    dimensions,
    pooling: "sum",
    normalized: true,
    ...(whitening && { whitened: true }),
  };
  const embedInto = (text: string, out: Float32Array): void => {
    poolInto(pooler, text, out);
    if (whitening) whitenInto(whitening, out, scratch);
  };
  return {
    identity,
    tableBytes,
    ...embedderBy(dimensions, embedInto),
    nearness(vector) {
      // v . (W t) = (W v) . t, because W is symmetric: one product with the matrix, not one a text. Only the length of
      // W t is taken for that of t.
      const turned = Float32Array.from(vector);
      if (whitening) whitenInto(whitening, turned, scratch);
      const pooled = new Float32Array(dimensions);
      return (text) => {
        poolInto(pooler, text, pooled);
        let product = 0;
        for (let i = 0; i < dimensions; i++) product += turned[i]! * pooled[i]!;
        return product;
      };
    },
  };
}
