import type { ArtifactHeader } from "../format/header.ts";
import { distanceBetween } from "./metrics.ts";
import { type SlotTable, slotOf } from "./slots.ts";
import type { Forest } from "./types.ts";

export interface ItemVectors extends Pick<Forest, "vector" | "distanceFrom" | "distance"> {
  /** Writes the stored vector of an item into a row; false when there is none. */
  decode(item: number, row: Float32Array): boolean;
}

/** Reads stored vectors by item. @param decodeSlot writes the vector of a slot into a row */
export function itemVectors(
  { metric, dimensions }: ArtifactHeader,
  slots: SlotTable,
  decodeSlot: (slot: number, row: Float32Array) => void,
): ItemVectors {
  const scratch = new Float32Array(dimensions);
  const decode = (item: number, row: Float32Array): boolean => {
    const slot = slotOf(slots, item);
    if (slot >= 0) decodeSlot(slot, row);
    return slot >= 0;
  };
  const vector = (item: number): Float32Array | undefined => {
    const row = new Float32Array(dimensions);
    return decode(item, row) ? row : undefined;
  };
  return {
    decode,
    vector,
    distanceFrom: (query, item) =>
      decode(item, scratch) ? distanceBetween(metric, query, scratch) : undefined,
    distance(i, j) {
      const a = vector(i);
      const b = vector(j);
      return a && b && distanceBetween(metric, a, b);
    },
  };
}
