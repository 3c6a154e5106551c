import { openLocalIndex } from "../../../build/index.ts";
import { cpuMs, medians } from "../clock.ts";
import { wordNetTexts } from "../wordnet.ts";

export type Kind = "vector" | "keyword" | "hybrid";
export const KINDS: readonly Kind[] = ["vector", "keyword", "hybrid"];

const QUERIES = 60;
const ROUNDS = 15;

/** Milliseconds of CPU of a search in each folder. */
export async function measureCpu(dirs: readonly string[]): Promise<Record<Kind, number[]>> {
  const indexes = await Promise.all(dirs.map((dir) => openLocalIndex(dir)));
  try {
    const texts = await queryTexts();
    const measured = {} as Record<Kind, number[]>;
    for (const mode of KINDS) {
      const ways = indexes.map(
        (index) => () =>
          cpuMs(async () => {
            for (const query of texts) await index.search({ query, mode, k: 10, include: [] });
          }),
      );
      measured[mode] = (await medians(ways, ROUNDS)).map((ms) => ms / texts.length);
    }
    return measured;
  } finally {
    await Promise.all(indexes.map((index) => index.close()));
  }
}

/** The first words of entries all over the corpus. */
async function queryTexts(): Promise<string[]> {
  const texts = (await wordNetTexts()).filter((_, i) => i % 1931 === 7);
  return texts.slice(0, QUERIES).map((text) => text.split(/\s+/).slice(0, 5).join(" "));
}
