import type { LocalIndex } from "../../../build/local/types.ts";
import { createRandom } from "../../../build/numeric/random.ts";
import type { Shape } from "./requests.ts";
import { createTrials, leastOf, type Trial, type Trials } from "./search.ts";

/** A kind of work, and a request that causes hardly anything else. */
export interface PricedKind {
  readonly name: string;
  readonly units: number;
  /** CPU time, the least of several runs; in milliseconds. */
  readonly cpu: number;
}

const PLAIN: Shape = {
  searches: 1,
  query: "none",
  words: 1,
  mode: "vector",
  k: 1,
  offset: undefined,
  searchK: 1,
  fetchK: 0,
  filter: "none",
  conditions: 64,
  facets: 0,
  matches: false,
  order: "none",
  total: false,
  corrected: false,
  include: [],
};
const FAR = 0x7fff_ffff;
const WORDS = { mode: "keyword", searchK: -1 } as const;

/** Requests in which one kind of work outweighs the others. */
const KINDS: readonly (readonly [name: string, shape: Partial<Shape>])[] = [
  ["a search that looks at hardly anything", { searches: 100 }],
  ["vectors: default", { searches: 30, searchK: -1 }],
  ["vectors: all, k 1", { searches: 3, searchK: FAR }],
  ["vectors: all, k 1000", { searches: 3, searchK: FAR, k: 1000 }],
  ["vectors: all of a sixth", { searches: 3, searchK: FAR, filter: "sixth" }],
  ["vectors: 10,000 of a sixth", { searches: 3, searchK: 10_000, filter: "sixth" }],
  ["vectors: of hardly any", { searches: 10, searchK: FAR, filter: "barred" }],
  ["filter: ranges", { filter: "ranges" }],
  ["filter: lists", { filter: "lists" }],
  ["filter: values", { filter: "values", conditions: 256 }],
  ["filter: groups", { filter: "groups", conditions: 256 }],
  ["facets", { searches: 3, facets: 20 }],
  ["facets of matches", { searches: 3, facets: 20, matches: true, query: "frequent", words: 8, ...WORDS }],
  ["words: rare", { searches: 10, query: "words", words: 32, ...WORDS }],
  ["words: frequent, k 10", { searches: 3, query: "frequent", words: 8, k: 10, ...WORDS }],
  ["words: frequent, k 1000", { searches: 3, query: "frequent", words: 32, k: 1000, ...WORDS }],
  ["words: misspelled", { searches: 3, query: "misspelled", words: 8, ...WORDS }],
  ["words: letters", { searches: 3, query: "letters", words: 8, ...WORDS }],
  ["words: 1000 letters", { searches: 3, query: "letters", words: 1000, ...WORDS }],
  ["words: 1000 rare", { searches: 3, query: "words", words: 1000, ...WORDS }],
  ["words: 1000 misspelled", { searches: 3, query: "misspelled", words: 1000, ...WORDS }],
  ["phrases", { query: "phrases", words: 8, ...WORDS }],
  [
    "a batch of 100 short texts",
    { searches: 100, query: "words", words: 2, mode: "hybrid", k: 10, searchK: -1 },
  ],
  ["diversity", { fetchK: 1000, k: 100, searchK: 1000 }],
  ["text: short", { searches: 10, query: "words", words: 2, searchK: 1 }],
  ["text: long", { searches: 3, query: "words", words: 1000, searchK: 1 }],
  ["passages", { query: "frequent", words: 8, k: 100, include: ["highlights", "explanation"], ...WORDS }],
  ["documents", { query: "frequent", words: 8, k: 1000, include: ["document"], ...WORDS }],
  ["answer with vectors", { searchK: 1000, k: 500, include: ["vector"] }],
];

const RUNS = 9;

const TEXTS = { query: "words", words: 2, k: 10, searchK: -1, include: ["document"] } as const;
const VECTORS = { k: 10, searchK: -1, include: ["document"] } as const;

/** Requests that are documented to be answered on an index of 200,000 documents. */
const USUAL: readonly (readonly [name: string, shape: Partial<Shape>])[] = [
  ["a text of eight words", { ...TEXTS, words: 8, mode: "hybrid", include: ["document", "highlights"] }],
  ["100 texts by words", { ...TEXTS, searches: 100, mode: "keyword" }],
  ["100 vectors", { ...VECTORS, searches: 100 }],
  ["50 texts with the sentence encoder", { ...TEXTS, searches: 50, mode: "hybrid" }],
  ["1000 hits", { ...TEXTS, words: 8, mode: "hybrid", k: 1000 }],
  ["100 hits behind 900", { ...TEXTS, words: 8, mode: "hybrid", k: 100, offset: 900 }],
  ["100 hits with highlights", { ...TEXTS, mode: "hybrid", k: 100, include: ["highlights", "explanation"] }],
  ["20 facets of matches", { ...TEXTS, mode: "hybrid", facets: 20, matches: true }],
  ["64 conditions on lists", { ...TEXTS, mode: "hybrid", filter: "lists" }],
  ["a filter of 4,096 values", { ...TEXTS, mode: "hybrid", filter: "values", conditions: 256 }],
  ["marginal relevance of 1000", { ...TEXTS, mode: "hybrid", fetchK: 1000, k: 100 }],
  ["4 quoted pairs of frequent words", { ...TEXTS, query: "phrases", words: 4, mode: "hybrid" }],
];

/** Runs the usual requests: what they cost, and whether they are answered. */
export async function* tryUsual(
  trials: Trials,
): AsyncGenerator<{ readonly name: string; readonly trial: Trial }> {
  for (const [name, part] of USUAL) {
    const trial = await trials.run({ ...PLAIN, ...part });
    if (trial) yield { name, trial: await leastOf(trials, trial) };
  }
}

/** Measures what a unit of each kind of work takes: nanoseconds where the count is right. */
export async function* priceKinds(index: LocalIndex, seed: number): AsyncGenerator<PricedKind> {
  const trials = createTrials(index, { random: createRandom(seed), most: Number.MAX_VALUE });
  for (const [name, part] of KINDS) {
    const runs: Trial[] = [];
    for (let run = 0; run < RUNS; run++) {
      const trial = await trials.run({ ...PLAIN, ...part });
      if (trial) runs.push(trial);
    }
    // What comes first is compiled while it runs.
    const cpu = runs.reduce((a, b) => (b.cpu < a.cpu ? b : a));
    yield { name, units: cpu.units, cpu: cpu.cpu };
  }
}
