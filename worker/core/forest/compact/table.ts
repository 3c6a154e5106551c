import type { Rotation } from "./rotation.ts";
import { fillTable } from "./sketches.ts";

/** A query as sketches take it. Valid until the next query is rotated: walks are synchronous. */
export interface RotatedQuery {
  /** The query, rotated. */
  readonly rotated: Float32Array;
  /** Partial sums and their unit: see {@link fillTable}. */
  readonly table: Int32Array;
  readonly unit: number;
}

interface Kept extends RotatedQuery {
  readonly query: Float32Array;
  readonly seed: number;
}

let kept: Kept | undefined;

/**
 * Rotates a query and fills its table for codes of `bits` bits. Keeps the last one, because a base and its changes are asked for the
 * same query one after the other, and this takes as long as a thousand candidates.
 */
export function rotateQuery(rotation: Rotation, bits: number, query: Float32Array): RotatedQuery {
  if (kept && isSame(kept, rotation, bits, query)) return kept;
  const fits = kept?.rotated.length === rotation.bits && kept.table.length === bits * 32;
  const { rotated, table } = fits && kept ? kept : roomFor(rotation.bits, bits);
  const copy = kept?.query.length === query.length ? kept.query : new Float32Array(query.length);
  copy.set(query);
  rotation.forward(query, 0, query.length, rotated);
  kept = { query: copy, seed: rotation.seed, rotated, table, unit: fillTable(rotated, bits, table) };
  return kept;
}

function roomFor(dimensions: number, bits: number) {
  return { rotated: new Float32Array(dimensions), table: new Int32Array(bits * 32) };
}

function isSame(
  { query, seed, rotated, table }: Kept,
  rotation: Rotation,
  bits: number,
  other: Float32Array,
): boolean {
  if (seed !== rotation.seed || rotated.length !== rotation.bits || table.length !== bits * 32) return false;
  if (query.length !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (query[i] !== other[i]) return false;
  return true;
}
