import { expect, inject, test } from "vitest";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import plain from "../../../worker/core/embedding/encoder/kernel/plain.wasm";
import relaxed from "../../../worker/core/embedding/encoder/kernel/relaxed.wasm";
import { openKernel } from "../../../worker/core/embedding/encoder/kernel.ts";

test.each([
  ["relaxed", relaxed],
  ["plain", plain],
])("the encoder gives the vectors that it gives in Node, to the bit: %s SIMD", (_, module) => {
  const { base64, texts, vectors } = inject("encoder");
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const kernel = openKernel(module);
  const place = kernel.reserve(bytes.byteLength);
  place.set(bytes);
  const encoder = openEncoder(place, kernel);
  const { dimensions } = encoder.identity;
  const found = new Float32Array(texts.length * dimensions);
  encoder.embedPassagesInto(texts, found);
  expect(Array.from(found)).toEqual(vectors);
  const query = new Float32Array(dimensions);
  encoder.embedInto(texts[0]!, query);
  expect(Array.from(query)).toEqual(vectors.slice(0, dimensions));
});
