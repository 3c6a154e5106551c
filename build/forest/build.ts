import { NO_SLOT } from "../../worker/format/constants.ts";
import type { CertifiedRecall } from "../../worker/format/meta.ts";
import type { SectionSource } from "../artifact/write.ts";
import { bytesOf, encodeVectors } from "./codecs.ts";
import type { BuiltForest, ForestInput, ForestSettings } from "./types.ts";

/** Builds everything of an artifact that comes from the vectors. The same input and settings give the same bytes. */
export async function buildForest(input: ForestInput, settings: ForestSettings): Promise<BuiltForest> {
  const { dimensions, metric, vectors } = input;
  const count = vectors.length / dimensions;
  const codec = settings.codec === "auto" || settings.codec === "binary" ? "int8" : settings.codec;
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const nItems = input.items ? (input.items[count - 1] ?? -1) + 1 : count;
  const encoded = encodeVectors(metric, codec, vectors, dimensions, order);
  const sections: SectionSource[] = [{ name: "vectors", hot: true, bytes: encoded.vectors }];
  if (encoded.scales) sections.push({ name: "vectorScales", hot: true, bytes: encoded.scales });
  if (encoded.norms) sections.push({ name: "vectorNorms", hot: true, bytes: encoded.norms });
  if (input.items) {
    const itemSlots = new Uint32Array(nItems).fill(NO_SLOT);
    for (let slot = 0; slot < count; slot++) itemSlots[input.items[slot]!] = slot;
    sections.push({ name: "slotItems", hot: true, bytes: bytesOf(input.items) });
    sections.push({ name: "itemSlots", hot: true, bytes: bytesOf(itemSlots) });
  }
  const row = {
    searchK: count,
    recallAt1: 1,
    recallAt10: 1,
    recallAt100: 1,
    candidates: count,
    scored: count,
  };
  const certified: CertifiedRecall = {
    target: settings.targetRecall,
    queries: 0,
    heldOut: true,
    rows: [row],
    defaultSearchK: count,
    recallAt1: 1,
    recallAt10: 1,
    recallAt100: 1,
  };
  return {
    header: {
      metric,
      codec,
      forestKind: "flat",
      rescore: "none",
      dimensions,
      nItems,
      nSlots: count,
      nTrees: 0,
      defaultSearchK: count,
      seed: settings.seed,
      leafSize: 0,
      certifiedRecall: 1,
    },
    sections,
    forest: { kind: "flat", trees: 0, splitNodes: 0, leafNodes: 0, leafSize: 0, seed: settings.seed },
    certified,
    codec,
    rescore: "none",
  };
}
