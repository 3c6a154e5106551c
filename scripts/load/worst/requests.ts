import type { SearchInput } from "../../../worker/core/search/types.ts";

/** Whether the Worker reads no body of so many bytes: 1 MiB of a search, 4 of a batch. */
export function isTooLarge(body: string, { searches }: Shape): boolean {
  return body.length > (searches === 1 ? 1 << 20 : 4 << 20);
}

/** A request as it is searched for: how many searches, and what each of them asks for. */
export interface Shape {
  readonly searches: number;
  readonly query: "none" | "words" | "frequent" | "misspelled" | "letters" | "phrases" | "mixed";
  /** Words of the query, or quoted texts. */
  readonly words: number;
  readonly mode: "vector" | "keyword" | "hybrid";
  readonly k: number;
  readonly offset: number | undefined;
  readonly searchK: number;
  readonly fetchK: number;
  readonly filter: "none" | "ranges" | "lists" | "values" | "groups" | "keys" | "barred" | "sixth";
  readonly conditions: number;
  readonly facets: number;
  readonly matches: boolean;
  readonly order: "none" | "sort" | "group";
  readonly total: boolean;
  readonly corrected: boolean;
  readonly include: NonNullable<SearchInput["include"]>;
}

const CHOICES: { readonly [K in keyof Shape]: readonly Shape[K][] } = {
  searches: [1, 3, 10, 30, 100],
  query: ["none", "words", "frequent", "misspelled", "letters", "phrases", "mixed"],
  words: [1, 2, 8, 16, 32, 128, 1000],
  mode: ["vector", "keyword", "hybrid"],
  k: [1, 10, 100, 1000],
  offset: [undefined, 0, 10, 900],
  searchK: [-1, 1, 10_000, 0x7fff_ffff],
  fetchK: [0, 20, 200, 1000],
  filter: ["none", "ranges", "lists", "values", "groups", "keys", "barred", "sixth"],
  conditions: [1, 16, 64, 256],
  facets: [0, 1, 5, 20],
  matches: [false, true],
  order: ["none", "none", "sort", "group"],
  total: [false, true],
  corrected: [false, true],
  include: [[], ["document"], ["highlights", "explanation"], ["vector"]],
};

type Random = () => number;

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}

export function randomShape(random: Random): Shape {
  return Object.fromEntries(
    Object.entries(CHOICES).map(([name, values]) => [name, pick<unknown>(values, random)]),
  ) as unknown as Shape; // each value comes from the list of its own name
}

/** The shape with one or two of its properties chosen anew. */
export function mutated(shape: Shape, random: Random): Shape {
  const names = Object.keys(CHOICES) as (keyof Shape)[];
  const changed: Partial<Record<keyof Shape, unknown>> = {};
  for (let n = random() < 0.5 ? 1 : 2; n > 0; n--) {
    const name = pick(names, random);
    changed[name] = pick<unknown>(CHOICES[name], random);
  }
  return { ...shape, ...changed } as Shape;
}

/** Words that most documents of the index hold, ones that few hold, and ones that none does. */
export interface Vocabulary {
  readonly frequent: readonly string[];
  readonly rare: readonly string[];
}

/** The body of a request of this shape. Searches of a batch differ, so that nothing can be found out once for all. */
export function bodyOf(shape: Shape, vocabulary: Vocabulary, dimensions: number, random: Random): string {
  const searches = Array.from({ length: shape.searches }, () =>
    searchOf(shape, vocabulary, dimensions, random),
  );
  return JSON.stringify(shape.searches === 1 ? searches[0] : { searches });
}

function searchOf(shape: Shape, vocabulary: Vocabulary, dimensions: number, random: Random): SearchInput {
  const { mode, k, offset, searchK, fetchK, facets, matches, order, total, corrected, include } = shape;
  const query = queryOf(shape, vocabulary, random);
  const filter = filterOf(shape, random);
  const vector = Array.from({ length: dimensions }, () => Math.round((random() - 0.5) * 1000) / 1000);
  return {
    ...(query === undefined ? { vector } : { query, mode }),
    k: offset ? Math.min(k, 1000 - offset) : k,
    searchK,
    ...(offset !== undefined && { offset }),
    // Two orders are refused.
    ...(fetchK > 0 && order === "none" && { mmr: { fetchK } }),
    ...(order === "sort" && { sort: [{ field: "sku" }, { field: "year" }, { field: "part" }] }),
    ...(order === "group" && { groupBy: { field: "sku" } }),
    ...(total && { total }),
    ...(corrected && query !== undefined && { didYouMean: true }),
    ...(filter !== undefined && { filter }),
    ...(facets > 0 && {
      facets: Array.from({ length: facets }, (_, i) => ["sku", "tags", "year", "part"][i % 4]!),
    }),
    ...(matches && { facetsOf: "matches" as const }),
    include,
  };
}

const MAX_QUERY = 8192;

function queryOf(
  { query, words }: Shape,
  { frequent, rare }: Vocabulary,
  random: Random,
): string | undefined {
  const many = (word: () => string, between = " ") =>
    Array.from({ length: words }, word).join(between).slice(0, MAX_QUERY);
  const often = () => pick(frequent, random);
  const misspelled = () => {
    const word = pick(rare, random);
    const at = 1 + Math.floor(random() * (word.length - 1));
    return `${word.slice(0, at)}${pick([..."etaoinshrdlu"], random)}${word.slice(at)}`;
  };
  switch (query) {
    case "none":
      return undefined;
    case "words":
      return many(() => pick(rare, random));
    case "frequent":
      return many(often);
    case "misspelled":
      return many(misspelled);
    case "letters":
      return many(() => pick([..."abcdefghijklmnopqrstuvwxyz"], random));
    case "phrases":
      return many(() => `"${often()} ${often()}"`);
    case "mixed":
      return many(() =>
        pick([often(), misspelled(), `"${often()} ${often()}"`, `-${pick(rare, random)}`], random),
      );
  }
}

function filterOf({ filter, conditions }: Shape, random: Random): unknown {
  const some = (one: (i: number) => unknown) => Array.from({ length: conditions }, (_, i) => one(i));
  const number = (most: number) => Math.floor(random() * most);
  switch (filter) {
    case "none":
      return undefined;
    case "ranges":
      return { or: some((i) => ({ year: { gte: 1960 + number(60) + i / 1000 } })) };
    case "lists":
      return { or: some(() => ({ tags: { ne: `tag ${number(300)}` } })) };
    case "values":
      return { sku: { in: Array.from({ length: 16 * conditions }, () => `sku ${number(200_000)}`) } };
    case "groups":
      return { and: some(() => ({ not: { and: [{}, {}] } })) };
    case "keys":
      return { ["x".repeat(3000 * conditions)]: { [`$${"y".repeat(1000)}`]: 1 } };
    case "sixth":
      return { year: { lt: 1970 } };
    case "barred":
      // Passes hardly any document, which walks and scans find out one by one.
      return { sku: `sku ${number(200_000)}`, year: { lt: 1970 } };
  }
}
