import type { Kiss64 } from "../../build/annoy/random.ts";
import { readAnnoy } from "../../build/annoy/read.ts";
import { annoySections } from "../../build/annoy/sections.ts";
import { encodeArtifact } from "../../build/artifact/layout.ts";
import { readStore } from "../../build/langchain/folder/store.ts";
import { openAnnoyForest } from "../../worker/core/forest/annoy/forest.ts";
import { openForest } from "../../worker/core/forest/open-forest.ts";
import type { Forest } from "../../worker/core/forest/types.ts";
import { nodeLayout } from "../../worker/core/format/annoy.ts";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { checksum } from "../../worker/core/format/checksum.ts";
import { HEADER_BYTES } from "../../worker/core/format/constants.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { decodeHeader, encodeHeader } from "../../worker/core/format/header.ts";
import { mutate } from "./mutate.ts";
import type { Samples } from "./samples.ts";

export const TARGETS = ["annoy", "artifact", "pickle"] as const;
export type Target = (typeof TARGETS)[number];

/** Outcome of reading a damaged file. Anything else is a fault, and thrown. */
export type Outcome = "refused" | "answered";

/** Damages a file of a kind at random and reads it. @throws Error for a crash or a nonsensical answer */
export function runCase(target: Target, samples: Samples, random: Kiss64): Outcome {
  try {
    if (target === "annoy") annoyCase(samples, random);
    else if (target === "artifact") artifactCase(samples, random);
    else pickleCase(samples, random);
    return "answered";
  } catch (error) {
    if (error instanceof AnnoyEdgeError && /^[A-Z_]+$/.test(error.code) && error.message.length > 10)
      return "refused";
    throw error;
  }
}

function pick<T>(list: readonly T[], random: Kiss64): T {
  return list[random.index(list.length)]!;
}

function annoyCase(samples: Samples, random: Kiss64): void {
  const sample = pick(samples.annoy, random);
  const { metric } = nodeLayout(sample.layout, sample.dimensions);
  const bytes = mutate(sample.bytes, random);
  const layout = random.flip() ? { layout: sample.layout } : {};
  const data = readAnnoy(bytes, { dimensions: sample.dimensions, metric, ...layout });
  const built = annoySections(data, "float32");
  const meta = { ...metaOf(built), name: "fuzz" };
  const artifact = encodeArtifact(built.header, [
    { name: "meta", hot: true, bytes: new TextEncoder().encode(JSON.stringify(meta)) },
    ...built.sections,
  ]);
  // What was accepted must also open.
  let forest: Forest;
  try {
    forest = openAnnoyForest(openArtifact(artifact));
  } catch (cause) {
    throw new Error("An imported index does not open.", { cause });
  }
  ask(forest, random);
}

function metaOf(built: ReturnType<typeof annoySections>) {
  const { metric, dimensions, nSlots, codec, rescore } = built.header;
  const { forest, certified } = built;
  return { metric, dimensions, items: nSlots, codec, rescore, forest, embedder: null, certified };
}

function artifactCase(samples: Samples, random: Kiss64): void {
  const original = pick(samples.artifacts, random);
  const bytes = random.index(4) === 0 ? mutate(original, random) : damageBehindChecksums(original, random);
  ask(openForest(openArtifact(bytes)), random);
}

/** Damages sections or header and then mends the checksums, so that the damage reaches the code behind them. */
function damageBehindChecksums(original: Uint8Array, random: Kiss64): Uint8Array {
  const bytes = Uint8Array.from(original);
  const { header, sections } = decodeHeader(bytes);
  const section = pick(sections, random);
  const part = bytes.subarray(section.offset, section.offset + section.length);
  const damaged = mutate(part, random).subarray(0, part.length);
  part.set(damaged);
  const mended = sections.map((s) => (s === section ? { ...s, checksum: checksum(part) } : s));
  const fields = { ...header };
  if (random.index(3) === 0) {
    const names = ["dimensions", "nItems", "nSlots", "nTrees", "leafSize", "defaultSearchK"] as const;
    const name = pick(names, random);
    fields[name] = random.flip() ? random.index(2 ** 31) : Math.max(0, fields[name] + random.index(5) - 2);
  }
  const head = encodeHeader(fields, mended);
  if (head.length <= HEADER_BYTES) throw new Error("The header lost its sections.");
  bytes.set(head);
  return bytes;
}

function pickleCase(samples: Samples, random: Kiss64): void {
  const store = readStore(mutate(pick(samples.pickles, random), random), "fuzz.pkl");
  for (const id of store.ids.values()) JSON.stringify(store.document(id));
}

/** Asks a forest this and that; answers must be of the forest's items. */
function ask(forest: Forest, random: Kiss64): void {
  const { dimensions, nItems } = forest;
  if (nItems > 1_000_000 || dimensions > 100_000)
    throw new Error(`Accepted ${nItems} items of ${dimensions}.`);
  const query = Float32Array.from({ length: dimensions }, () => random.index(3) - 1);
  for (const searchK of [-1, 1, 50, -2]) {
    const k = 1 + random.index(80);
    const accept = random.flip() ? { accept: (item: number) => item % 2 === 0 } : {};
    check(forest, k, forest.search(query, { k, searchK, ...accept }));
  }
  for (let n = 0; n < 4; n++) {
    const item = random.index(nItems + 2);
    const vector = forest.vector(item);
    if (vector && vector.length !== dimensions) throw new Error(`Item ${item} has ${vector.length} numbers.`);
    if (vector) check(forest, 5, forest.search(vector, { k: 5 }));
    const distance = forest.distance(item, random.index(nItems + 2));
    if (distance !== undefined && typeof distance !== "number") throw new Error("A distance is no number.");
  }
}

function check(
  forest: Forest,
  k: number,
  { items, distances }: { items: number[]; distances: number[] },
): void {
  if (items.length > k || items.length !== distances.length) {
    throw new Error(`Asked for ${k}, got ${items.length} items and ${distances.length} distances.`);
  }
  for (const item of items) {
    if (!Number.isInteger(item) || item < 0 || item >= forest.nItems) {
      throw new Error(`Found item ${item} of ${forest.nItems}.`);
    }
  }
  // A forged table of slots may name an item twice; only the nodes of Annoy are checked for it when opened.
  const distinct = forest.artifact.header.forestKind !== "annoy" || new Set(items).size === items.length;
  if (!distinct) throw new Error("Found an item twice.");
  if (distances.some((d) => typeof d !== "number")) throw new Error("A distance is no number.");
}
