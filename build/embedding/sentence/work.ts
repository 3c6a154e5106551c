import { type Encoder, openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";
import type { Task } from "../../threads/pool.ts";

/** Memory and settings that every thread gets. */
export interface EncoderShared {
  /** The encoder file. */
  readonly file: Uint8Array<SharedArrayBuffer>;
  /** The compiled kernel. */
  readonly kernel: object;
}

/** Embeds passages, one vector behind the other. */
export interface EncodeTask extends Task<Float32Array> {
  readonly kind: "encode";
  readonly texts: readonly string[];
}

let opened: { readonly file: object; readonly encoder: Encoder } | undefined;

/** Does a task with this thread's own encoder, which the first task opens. */
export function runEncodeTask({ file, kernel }: EncoderShared, { texts }: EncodeTask): Float32Array {
  if (opened?.file !== file) opened = { file, encoder: openEncoder(file, openKernel(kernel)) };
  const { encoder } = opened;
  const vectors = new Float32Array(texts.length * encoder.identity.dimensions);
  encoder.embedPassagesInto(texts, vectors);
  return vectors;
}
