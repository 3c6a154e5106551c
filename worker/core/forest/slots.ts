import { type Artifact, requireView, sectionBytes } from "../format/artifact.ts";
import { NO_SLOT } from "../format/constants.ts";
import { ArtifactError } from "../format/errors.ts";

/** Items by storage slot, and slots by item. Both tables are absent when item and slot are the same number. */
export interface SlotTable {
  readonly nItems: number;
  readonly nSlots: number;
  readonly slotItems: Uint32Array | undefined;
  readonly itemSlots: Uint32Array | undefined;
}

export function openSlots(artifact: Artifact): SlotTable {
  const { nItems, nSlots } = artifact.header;
  if (!sectionBytes(artifact, "slotItems")) {
    if (nItems !== nSlots) {
      throw new ArtifactError(
        "MISSING_SECTION",
        `${nSlots} vectors for ${nItems} items, and no section slotItems.`,
      );
    }
    return { nItems, nSlots, slotItems: undefined, itemSlots: undefined };
  }
  return {
    nItems,
    nSlots,
    slotItems: requireView(artifact, "slotItems", Uint32Array, nSlots),
    itemSlots: requireView(artifact, "itemSlots", Uint32Array, nItems),
  };
}

/** The slot of an item, or -1 for a hole or a number out of range. */
export function slotOf(table: SlotTable, item: number): number {
  if (!Number.isInteger(item) || item < 0 || item >= table.nItems) return -1;
  if (!table.itemSlots) return item;
  const slot = table.itemSlots[item]!;
  return slot === NO_SLOT || slot >= table.nSlots ? -1 : slot;
}

/**
 * The item at a slot.
 *
 * @throws ArtifactError `CORRUPT_FOREST` when the table names one beyond the index: it must never reach an answer
 */
export function itemAt({ slotItems, nItems }: SlotTable, slot: number): number {
  if (!slotItems) return slot;
  const item = slotItems[slot]!;
  if (item < nItems) return item;
  throw new ArtifactError("CORRUPT_FOREST", `Slot ${slot} names item ${item} of ${nItems}.`);
}
