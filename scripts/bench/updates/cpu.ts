import { openLocalIndex } from "../../../build/index.ts";
import { median } from "../../../build/numeric/statistics.ts";
import { readWordNet } from "../../../build/sources/wordnet.ts";
import type { SearchInput } from "../../../worker/core/search/types.ts";

export type Kind = "vector" | "keyword" | "hybrid";
export const KINDS: readonly Kind[] = ["vector", "keyword", "hybrid"];

const QUERIES = 60;
const ROUNDS = 15;

/** Milliseconds of CPU a search, in the median round, of each folder. */
export async function measureCpu(dirs: readonly string[]): Promise<Record<Kind, number[]>> {
  const indexes = await Promise.all(dirs.map((dir) => openLocalIndex(dir)));
  try {
    const texts = await queryTexts();
    const requests = (kind: Kind): SearchInput[] =>
      texts.map((query) => ({ query, mode: kind, k: 10, include: [] }));
    const measured = {} as Record<Kind, number[]>;
    for (const kind of KINDS) {
      const rounds: number[][] = dirs.map(() => []);
      for (let round = 0; round <= ROUNDS; round++) {
        for (const [i, index] of indexes.entries()) {
          const before = process.cpuUsage();
          for (const request of requests(kind)) await index.search(request);
          const { user, system } = process.cpuUsage(before);
          // The first round compiles what runs.
          if (round > 0) rounds[i]!.push((user + system) / 1000 / QUERIES);
        }
      }
      measured[kind] = rounds.map(median);
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
