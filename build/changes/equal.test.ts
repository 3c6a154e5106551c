import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../build/numeric/random.ts";
import { letters, letterVector } from "../../test/seed/corpus.ts";
import { documentOf, pick, type Random } from "../../test/seed/random.ts";
import type { SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import type { InputDocument } from "../artifact/collect.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { build } from "../pipeline/build.ts";
import { update } from "./update.ts";

/**
 * An index with changes holds every answer of the same documents built anew. Vectors are exact (float32, scanned), so ids
 * and distances are equal; scores of words are sums in single precision, so they are nearly so.
 */

const SETTINGS = {
  embedder: letters,
  codec: "float32",
  filterable: ["topic", "year", "tags"],
  // What a build detects may differ between the base and the same documents built anew.
  keyword: { language: "en" },
} as const;
const SEQUENCES = Number(process.env.ANNOY_EDGE_SEQUENCES ?? 4);
const STEPS = 3;

/** Words of one stem, words an edit apart, prefixes of each other, numbers of several parts, and frequent ones. */
const WORDS =
  "run running runs runner house houses housing mouse mouses moose goose loose the the the of of a error errors err connect connection connected connecting reconnect café cafe 3.12 3.13 503 5031 getUserById get_user --force violin violins concert concerts concerto orchestra orchestral train trains training".split(
    " ",
  );

const randomDocument = (random: Random, id: string) =>
  documentOf(random, id, WORDS, 3 + Math.floor(random() * 9));

function searchesOf(random: Random, ids: readonly string[]): SearchInput[] {
  const text = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
      const word = pick(random, WORDS);
      // One in four is misspelled or unfinished.
      return random() < 0.25 ? word.slice(0, Math.max(2, word.length - 1)) : word;
    }).join(" ");
  const filter = { topic: pick(random, ["food", "music"]), year: { gte: 2020 } };
  const facets = ["topic", "year", "tags"];
  return [
    { vector: letterVector(text()), k: 7 },
    { vector: letterVector(text()), k: 5, filter, facets, include: ["document", "vector"] },
    { vector: letterVector(text()), k: 5, mmr: { fetchK: 15, lambda: 0.4 } },
    { vector: letterVector(text()), k: 4, offset: 3 },
    { id: pick(random, ids), k: 4 },
    { query: text(), mode: "keyword", k: 8 },
    { query: text(), mode: "keyword", k: 60, facets, facetsOf: "matches" },
    { query: text(), mode: "keyword", k: 6, filter, facets, include: ["highlights"] },
    { query: text(), mode: "keyword", k: 5, prefix: true },
    { query: `"${text()}"`, mode: "keyword", k: 6 },
    { query: `${text()} -${pick(random, WORDS)}`, mode: "keyword", k: 6 },
    { query: text(), mode: "hybrid", k: 8, weights: { keyword: 0.4 }, include: ["explanation"] },
    { query: text(), mode: "hybrid", k: 6, weights: { keyword: 0.6 }, filter, facets },
    { filter, facets, sort: ["year:desc", "topic"], k: 7, offset: 2, total: true },
    { query: text(), sort: "year", groupBy: { field: "topic", hits: 3 }, k: 3, total: true },
    { query: text(), mode: "keyword", groupBy: { field: "year", hits: 2 }, k: 4, total: true },
    { query: text(), groupBy: "topic", k: 2, weights: { keyword: 0.4 }, total: true },
    { vector: letterVector(text()), sort: "tags:desc", k: 5, filter, total: true },
  ];
}

/** An answer without item numbers and version, scores to five digits. */
function comparable({ hits, facets, mode, warnings, groups, total }: SearchResponse) {
  const round = (x: number | null) => (x === null ? null : Math.round(x * 1e5) / 1e5);
  return {
    mode,
    warnings,
    facets,
    groups,
    total,
    hits: hits.map(({ item: _, score, distance, explanation, ...hit }) => ({
      ...hit,
      score: round(score),
      distance: round(distance),
      words: explanation?.words,
      rules: explanation?.rules,
      rank: [explanation?.keyword?.rank, explanation?.vector?.rank],
    })),
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-changes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("an index with changes answers as the same documents built anew", () => {
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    test(`sequence ${seed}`, async () => {
      const random = createRandom(seed);
      const dir = join(folder, `changed-${seed}`);
      const size = pick(random, [3, 20, 60]);
      let next = size;
      let base = Array.from({ length: size }, (_, i) => randomDocument(random, `d${i}`));
      let added: InputDocument[] = [];
      await build({ ...SETTINGS, documents: base, out: dir });
      for (let step = 0; step < STEPS; step++) {
        const live = [...base, ...added];
        const gone = live.filter(() => random() < 0.08).slice(0, live.length - 2);
        const edited = live.filter((one) => !gone.includes(one) && random() < 0.08);
        const given = [
          ...edited.map(({ id }) => randomDocument(random, id!)),
          ...Array.from({ length: Math.floor(random() * 4) }, () => randomDocument(random, `d${next++}`)),
        ];
        const out = new Set([...gone, ...given].map(({ id }) => id));
        base = base.filter(({ id }) => !out.has(id));
        added = [...added.filter(({ id }) => !out.has(id)), ...given];
        if (given.length + gone.length > 0) {
          const remove = gone.map(({ id }) => id!);
          await update(dir, { embedder: letters, documents: given, remove });
        }
        const whole = join(folder, "whole");
        await build({ ...SETTINGS, documents: [...base, ...added], out: whole });
        const [changed, fresh] = [await openWith(dir), await openWith(whole)];
        try {
          const ids = [...base, ...added].map(({ id }) => id!);
          for (const request of searchesOf(random, ids)) {
            const [one, other] = [await changed.search(request), await fresh.search(request)];
            expect(comparable(one), JSON.stringify(request)).toEqual(comparable(other));
          }
          for (const id of out) {
            if (ids.includes(id!)) continue;
            await expect(changed.search({ id: id! })).rejects.toMatchObject({ code: "ID_NOT_FOUND" });
          }
        } finally {
          await Promise.all([changed.close(), fresh.close()]);
        }
      }
    });
  }
});

function openWith(dir: string) {
  return openLocalIndex(dir, { embedder: letters });
}
