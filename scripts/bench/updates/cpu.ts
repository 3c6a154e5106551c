import { openLocalIndex } from "../../../build/index.ts";
import { readWordNet } from "../../../build/sources/wordnet.ts";

export type Kind = "vector" | "keyword" | "hybrid";
export const KINDS: readonly Kind[] = ["vector", "keyword", "hybrid"];

const QUERIES = 60;
const ROUNDS = 25;

/**
 * Milliseconds of a search in each folder: the mean over the queries of the least of all rounds, because other processes can
 * only add to it. Searches run on one thread and wait for nothing, so this is CPU.
 */
export async function measureCpu(dirs: readonly string[]): Promise<Record<Kind, number[]>> {
  const indexes = await Promise.all(dirs.map((dir) => openLocalIndex(dir)));
  try {
    const texts = await queryTexts();
    const measured = {} as Record<Kind, number[]>;
    for (const mode of KINDS) {
      const least = dirs.map(() => texts.map(() => Number.POSITIVE_INFINITY));
      for (let turn = 0; turn < ROUNDS * dirs.length; turn++) {
        // Whoever comes first in a round is another one in the next.
        const i = (turn + Math.floor(turn / dirs.length)) % dirs.length;
        for (const [q, query] of texts.entries()) {
          const began = performance.now();
          await indexes[i]!.search({ query, mode, k: 10, include: [] });
          least[i]![q] = Math.min(least[i]![q]!, performance.now() - began);
        }
      }
      measured[mode] = least.map((times) => times.reduce((sum, ms) => sum + ms, 0) / times.length);
    }
    return measured;
  } finally {
    await Promise.all(indexes.map((index) => index.close()));
  }
}

/** The first words of entries all over the corpus. */
async function queryTexts(): Promise<string[]> {
  const texts: string[] = [];
  let i = 0;
  for await (const { pageContent } of readWordNet()) {
    if (i++ % 1931 === 7) texts.push(pageContent.split(/\s+/).slice(0, 5).join(" "));
  }
  return texts.slice(0, QUERIES);
}
