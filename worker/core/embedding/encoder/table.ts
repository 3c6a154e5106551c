// biome-ignore-all lint/complexity/useMaxParams: inner loops take numbers: an object for each call would be allocated.
import type { Weights } from "./weights.ts";

/** Writes each token's row of the token table to `x` and of the position table to `y`, places in the kernel's memory. */
export function embedTokens(
  { config, place }: Weights,
  buffer: ArrayBufferLike,
  texts: readonly (readonly number[])[],
  x: number,
  y: number,
): void {
  const { hidden, tokens, positions, tokenBits, tokenGroup } = config;
  const codes = new Int8Array(buffer, place("tokenCodes"), (tokens * hidden * tokenBits) / 8);
  const scales = new Float32Array(buffer, place("tokenScales"), (tokens * hidden) / tokenGroup);
  const positionCodes = new Int8Array(buffer, place("positionCodes"), positions * hidden);
  const positionScales = new Float32Array(buffer, place("positionScales"), positions);
  const count = texts.reduce((sum, text) => sum + text.length, 0);
  const rows = new Float32Array(buffer, x, count * hidden);
  const places = new Float32Array(buffer, y, count * hidden);
  const readRow = tokenBits === 8 ? readBytes : readNibbles;
  let at = 0;
  for (const text of texts) {
    for (const [position, token] of text.entries()) {
      for (let from = 0; from < hidden; from += tokenGroup) {
        const number = token * hidden + from;
        readRow(codes, number, scales[number / tokenGroup]!, rows, at + from, tokenGroup);
      }
      readBytes(positionCodes, position * hidden, positionScales[position]!, places, at, hidden);
      at += hidden;
    }
  }
}

type ReadRow = (
  codes: Int8Array,
  from: number,
  scale: number,
  out: Float32Array,
  to: number,
  count: number,
) => void;

const readBytes: ReadRow = (codes, from, scale, out, to, count) => {
  for (let i = 0; i < count; i++) out[to + i] = codes[from + i]! * scale;
};

/** Two numbers a byte, the low four bits first, each with its sign. */
const readNibbles: ReadRow = (codes, from, scale, out, to, count) => {
  for (let i = 0; i < count; i += 2) {
    const byte = codes[(from + i) >> 1]!;
    out[to + i] = ((byte << 28) >> 28) * scale;
    out[to + i + 1] = (byte >> 4) * scale;
  }
};
