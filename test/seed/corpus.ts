/** A document as `build` takes it; written out so that tests in workerd can use this file without Node's types. */
export interface SeedDocument {
  readonly id: string;
  readonly pageContent: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly vector?: readonly number[];
}

const TEXTS: readonly (readonly [topic: string, year: number, texts: readonly string[]])[] = [
  [
    "food",
    2019,
    [
      "pizza is great",
      "I love salad",
      "soup with noodles",
      "a cake with cherries",
      "bread from the oven",
      "strong coffee in the morning",
      "cheese from the mountains",
      "apples and pears",
    ],
  ],
  [
    "animals",
    2020,
    [
      "a dog",
      "the cat sleeps on the sofa",
      "a horse runs over the meadow",
      "birds sing before sunrise",
      "a whale dives deep",
      "bees make honey",
      "the wolf howls at night",
      "sheep graze on the hill",
    ],
  ],
  [
    "vehicles",
    2021,
    [
      "my car",
      "a motorcycle with two cylinders",
      "the train leaves at noon",
      "an old bicycle",
      "a truck full of sand",
      "the airplane lands",
      "a ship in the harbour",
      "the bus was late",
    ],
  ],
  [
    "music",
    2022,
    [
      "a violin concerto",
      "drums and bass",
      "she sings in a choir",
      "the orchestra tunes its instruments",
      "a guitar without strings",
      "the piano stands in the hall",
      "an opera in three acts",
      "whistling a tune",
    ],
  ],
];

/** Ids that make trouble in URLs, and one that is a property of every object. */
export const AWKWARD_IDS = ["a/b c#d?e=f", "100%\nsure", "grüße/日本/🐕", "..", "__proto__"] as const;

/** Documents of four topics, two of which share nothing; the last ones have awkward ids. */
export function textCorpus(): SeedDocument[] {
  const documents = TEXTS.flatMap(([topic, year, texts]) =>
    texts.map((pageContent, i) => ({
      id: `${topic}-${i}`,
      pageContent,
      metadata: { topic, year: year + (i % 2), long: pageContent.length > 15, tags: [topic, `n${i}`] },
    })),
  );
  const awkward = AWKWARD_IDS.map((id, i) => ({
    id,
    pageContent: `awkward thing number ${i}`,
    metadata: {},
  }));
  return [...documents, ...awkward];
}

/** Rows of `dimensions` numbers, the same at every call, with no embedder to make a text one of them. */
export function vectorCorpus(count: number, dimensions: number): SeedDocument[] {
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  return Array.from({ length: count }, (_, i) => ({
    id: `row-${i}`,
    pageContent: `row ${i}`,
    vector: Array.from({ length: dimensions }, next),
  }));
}

/** Letters counted into 26 numbers: an embedding that Node and a stand-in for Workers AI compute alike. */
export function letterVector(text: string): number[] {
  const counts = new Array<number>(26).fill(0);
  for (const letter of text.toLowerCase()) {
    const index = letter.charCodeAt(0) - 97;
    if (index >= 0 && index < 26) counts[index]! += 1;
  }
  const length = Math.hypot(...counts) || 1;
  return counts.map((count) => count / length);
}

/** Counts letters: the vector of a text does not depend on the corpus. */
export const letters = {
  embedQuery: async (text: string) => letterVector(text),
  embedDocuments: async (texts: string[]) => texts.map(letterVector),
};

const GUIDE: readonly (readonly [
  page: string,
  title: string,
  sections: readonly (readonly [string, string])[],
])[] = [
  [
    "/bread.html",
    "Bread",
    [
      ["Flour", "Rye flour makes a dark loaf."],
      ["Kneading", "Knead the dough for ten minutes."],
      ["Baking", "Bake at 230 degrees until the crust is brown."],
    ],
  ],
  ["/tea.html", "Tea", [["Water", "Green tea wants water of 80 degrees."]]],
];

/** Documents as `build --site` makes them, and one of 30,000 characters whose last words are "the very end". */
export function guideCorpus(): SeedDocument[] {
  const sections = GUIDE.flatMap(([page, title, list]) =>
    list.map(([heading, pageContent]) => {
      const url = `${page}#${heading.toLowerCase()}`;
      return { id: url, pageContent, metadata: { url, page, title, heading, lang: "en" } };
    }),
  );
  const long = `${"Chronicle of a harbour. ".repeat(1250)}the very end`;
  return [...sections, { id: "chronicle", pageContent: long, metadata: { title: "Chronicle" } }];
}
