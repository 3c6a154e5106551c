import type { Codec, Metric, RescoreCodec, SectionName } from "../../worker/core/format/constants.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { bytesOf } from "../numeric/arrays.ts";
import type { Pool } from "../threads/pool.ts";
import { type EncodedRows, keepsNorms } from "./codecs.ts";
import { type EncodedPart, type EncodeTask, encodePart } from "./encode-rows.ts";

/** Rows of a task: few enough that all threads end at about the same time. */
const CHUNK = 2048;

/** Vectors, their codecs, and the row of each slot. */
interface CodedRows<Vectors extends Float32Array> {
  readonly metric: Metric;
  readonly codec: Codec;
  readonly rescore: RescoreCodec;
  readonly vectors: Vectors;
  readonly dimensions: number;
  readonly order: Uint32Array;
}

/** The vectors in their codec, and the rescoring tier behind them; encoded on this thread. */
export function vectorSections(rows: CodedRows<Float32Array>): SectionSource[] {
  const { metric, codec, rescore, vectors, dimensions, order: list } = rows;
  const [own, whole] = encodings(metric, codec, rescore).map(
    (encoding) => encoding && encodePart({ kind: "encode", metric, ...encoding, vectors, dimensions, list }),
  );
  return assemble(metric, codec, own, whole?.rows);
}

/** The same, encoded by the threads of a pool. */
export async function vectorSectionsBy(
  pool: Pool,
  { metric, codec, rescore, vectors, dimensions, order }: CodedRows<Float32Array<SharedArrayBuffer>>,
  onProgress: (share: number) => void,
): Promise<SectionSource[]> {
  const [own, whole] = await Promise.all(
    encodings(metric, codec, rescore).map(async (encoding) => {
      if (!encoding) return undefined;
      const tasks: EncodeTask[] = [];
      const task = { kind: "encode", metric, ...encoding, vectors, dimensions } as const;
      for (let from = 0; from === 0 || from < order.length; from += CHUNK)
        tasks.push({ ...task, list: order.slice(from, from + CHUNK) });
      const parts = await pool.run(tasks, { onDone: (done) => onProgress(done / tasks.length) });
      const residuals = parts.flatMap((part) => part.residuals ?? []);
      return {
        rows: joined(parts.map(({ rows }) => rows)),
        ...(residuals.length > 0 && { residuals: joined(residuals) }),
      };
    }),
  );
  return assemble(metric, codec, own, whole?.rows);
}

type Encoding = Pick<EncodeTask, "codec" | "residuals">;

/** Returns the encodings of the codec's own rows, with residuals or without, and of whole rescoring rows. */
function encodings(
  metric: Metric,
  codec: Codec,
  rescore: RescoreCodec,
): readonly [Encoding | undefined, Encoding | undefined] {
  if (metric === "hamming") return [{ codec: "int8" }, undefined];
  const residuals = codec !== "float32" && codec !== "binary" && (rescore === "int8" || rescore === "int4");
  const own = codec === "binary" ? undefined : residuals ? { codec, residuals: rescore } : { codec };
  return [own, residuals || rescore === "none" || rescore === "binary" ? undefined : { codec: rescore }];
}

function assemble(
  metric: Metric,
  codec: Codec,
  own: EncodedPart | undefined,
  whole: EncodedRows | undefined,
): SectionSource[] {
  const sections: SectionSource[] = [];
  const add = (name: SectionName, view: ArrayBufferView | undefined, hot: boolean) => {
    if (view) sections.push({ name, hot, bytes: bytesOf(view) });
  };
  add("vectors", own?.rows.vectors, true);
  add("vectorScales", own?.rows.scales, true);
  if (own && keepsNorms(metric, own.rows.unit)) add("vectorNorms", own.rows.norms, true);
  add("rescoreVectors", own?.residuals?.vectors, true);
  add("rescoreScales", own?.residuals?.scales, true);
  // Whole rows are read by range. Their scales are resident: one more request a row would cost more than four bytes a
  // vector.
  add("rescoreVectors", whole?.vectors, false);
  add("rescoreScales", whole?.scales, true);
  if (codec === "binary" && whole && keepsNorms(metric, whole.unit)) add("vectorNorms", whole.norms, true);
  return sections;
}

/** Parts one behind the other. */
function joined(parts: readonly EncodedRows[]): EncodedRows {
  const floats = (pick: (part: EncodedRows) => Float32Array | undefined) => {
    if (parts.some((part) => !pick(part))) return undefined;
    const all = new Float32Array(parts.reduce((sum, part) => sum + pick(part)!.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(pick(part)!, at);
      at += pick(part)!.length;
    }
    return all;
  };
  const vectors = new Uint8Array(parts.reduce((sum, part) => sum + part.vectors.length, 0));
  let at = 0;
  for (const part of parts) {
    vectors.set(part.vectors, at);
    at += part.vectors.length;
  }
  const scales = floats((part) => part.scales);
  const norms = floats((part) => part.norms);
  const unit = parts.every((part) => part.unit);
  return { vectors, ...(scales && { scales }), ...(norms && { norms }), unit };
}
