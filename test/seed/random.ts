import type { InputDocument } from "../../build/artifact/collect.ts";

export type Random = () => number;

export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** A document of so many of these words, with a topic, a year and tags. */
export function documentOf(
  random: Random,
  id: string,
  words: readonly string[],
  length: number,
): InputDocument {
  return {
    id,
    pageContent: Array.from({ length }, () => pick(random, words)).join(" "),
    metadata: {
      topic: pick(random, ["food", "music", "cars"]),
      year: 2018 + Math.floor(random() * 6),
      tags: [pick(random, ["x", "y"]), pick(random, ["y", "z"])],
    },
  };
}
