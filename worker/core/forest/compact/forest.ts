import type { Artifact } from "../../format/artifact.ts";
import { ArtifactError } from "../../format/errors.ts";
import { distanceFromItem, distanceOfItems, itemDecoder, vectorOfItem } from "../flat.ts";
import { defaultSearchK } from "../search-k.ts";
import { TopScores } from "../top.ts";
import type { Forest } from "../types.ts";
import { sketchDecoder } from "./decode.ts";
import { openRescoreReader } from "./rescore.ts";
import { type CompactForest, search, searchRescored, vectorsRescored } from "./search.ts";
import { openSections } from "./sections.ts";

/**
 * Opens our own forest. A search walks the nodes best first, bounds every candidate's score by its sketch, scores by the
 * full vector code those that may still be among the nearest, and computes the distances of the last few from the finest
 * vectors in memory.
 *
 * @throws ArtifactError when sections are missing, of the wrong length or inconsistent
 */
export function openCompact(artifact: Artifact): Forest {
  const { metric, dimensions, nItems, nSlots, nTrees } = artifact.header;
  const sections = openSections(artifact);
  const { vectors, rescore, scorer, slots, nodes, sketches, translation } = sections;
  if (!scorer && !sketches)
    throw new ArtifactError("MISSING_SECTION", "The artifact has neither vectors nor sketches.");
  const stored = rescore ?? vectors;
  const decodeSlot = stored
    ? (slot: number, row: Float32Array) => stored.decode(slot, row)
    : sketchDecoder(nodes, sketches!, dimensions, nSlots, translation);
  const decode = itemDecoder(slots, decodeSlot);
  const rescoreReader = sketches && !scorer ? openRescoreReader(artifact) : undefined;
  const scores = new Float32Array(scorer ? nodes.largestLeaf : 0);
  const top = new TopScores(0);
  const forest: CompactForest = {
    ...{ artifact, sections, rescoreReader, decode, scores, top },
    walk: undefined,
  };
  const vector = vectorOfItem(dimensions, decode);
  return {
    artifact,
    metric,
    dimensions,
    nItems,
    nTrees,
    defaultSearchK: (k) => defaultSearchK(artifact.meta.certified, k),
    vector,
    distanceFrom: distanceFromItem(metric, dimensions, decode),
    distance: distanceOfItems(metric, vector),
    search: (query, options) => search(forest, query, options),
    ...(rescoreReader && {
      searchRescored: (query, options, read) => searchRescored(forest, query, options, read),
      vectorsRescored: (items, read) => vectorsRescored(forest, items, read),
    }),
  };
}
