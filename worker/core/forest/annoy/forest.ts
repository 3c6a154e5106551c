import type { Artifact } from "../../format/artifact.ts";
import { NO_SLOT } from "../../format/constants.ts";
import { ArtifactError } from "../../format/errors.ts";
import { itemVectors } from "../item-vectors.ts";
import { openSlots, type SlotTable, slotOf } from "../slots.ts";
import type { Forest } from "../types.ts";
import { openScorer } from "./scorer.ts";
import { annoySearch } from "./search.ts";
import { openAnnoyTrees } from "./trees.ts";

/**
 * Opens the forest of an artifact of kind `annoy`: the nodes of an Annoy index, searched as annoylib.h searches them.
 * Under codec float32 the same nodes are visited and the same items come back with the same distances, bit for bit
 * those of a scalar build. Checks every node, in time linear in the section.
 *
 * @throws ArtifactError `CORRUPT_FOREST`, or the section that is missing or of the wrong length
 */
export function openAnnoyForest(artifact: Artifact): Forest {
  const { metric, dimensions, nItems, nTrees, defaultSearchK } = artifact.header;
  const trees = openAnnoyTrees(artifact);
  const slots = openSlots(artifact);
  checkSlots(slots);
  const scorer = openScorer(artifact, trees.itemFactors);
  const { vector, distanceFrom } = itemVectors(artifact.header, slots, scorer.decode);
  // Annoy's k * n_trees, unless a recoded index was certified to need more.
  const searchKOf = (k: number) => Math.max(k * nTrees, defaultSearchK);
  return {
    artifact,
    metric,
    dimensions,
    nItems,
    nTrees,
    defaultSearchK: searchKOf,
    search: annoySearch(trees, slots, scorer, searchKOf),
    vector,
    distanceFrom,
    distance(i, j) {
      const a = slotOf(slots, i);
      const b = slotOf(slots, j);
      return a < 0 || b < 0 ? undefined : scorer.between(a, b);
    },
  };
}

function checkSlots({ nItems, nSlots, slotItems, itemSlots }: SlotTable): void {
  if (!slotItems || !itemSlots) return;
  let present = 0;
  for (let item = 0; item < nItems; item++) if (itemSlots[item] !== NO_SLOT) present++;
  if (present !== nSlots) throw new ArtifactError("CORRUPT_FOREST", `${present} items for ${nSlots} slots.`);
  for (let slot = 0; slot < nSlots; slot++) {
    const item = slotItems[slot]!;
    if (item >= nItems || itemSlots[item] !== slot) {
      throw new ArtifactError(
        "CORRUPT_FOREST",
        `Slot ${slot} holds item ${item}, whose entry says slot ${itemSlots[item]}.`,
      );
    }
  }
}
