import { expect, test } from "vitest";
import { builtIndexes } from "../../test/support/built.ts";
import { sectionBytes } from "../../worker/core/format/artifact.ts";
import type { LocalIndex } from "../local/types.ts";

const TEXTS = {
  en: [
    "The engineers were checking the connections between the two stations before the winter began.",
    "Many people who live near the river have been walking along its banks every morning for years.",
    "A library keeps the books that nobody wants to buy, and lends them to everyone who asks kindly.",
  ],
  de: [
    "Die alten Häuser in der Altstadt wurden nach dem Krieg mit viel Mühe wieder aufgebaut und bewohnt.",
    "Im Herbst sammelten die Kinder Kastanien und bastelten daraus kleine Tiere für ihre Großeltern.",
    "Der Zug nach Hamburg fährt heute leider nicht, weil ein Baum auf den Gleisen liegt und keiner kommt.",
  ],
  fr: [
    "Nous parlions souvent de la mer pendant les longues soirées d'hiver que nous passions à la maison.",
    "Les boulangers de la ville préparent le pain chaque nuit avant que les premiers clients arrivent.",
    "Elle avait oublié ses clés dans la voiture et attendait devant la porte depuis plus de deux heures.",
  ],
} as const;

const documents = (languages: readonly (keyof typeof TEXTS)[]) =>
  languages
    .flatMap((language) => TEXTS[language].map((pageContent, i) => ({ id: `${language}${i}`, pageContent })))
    .map((document, i) => ({ ...document, vector: [Math.cos(i), Math.sin(i)] }));

const { indexOf } = builtIndexes();

const ids = async (index: LocalIndex, query: string) =>
  (await index.search({ query, mode: "keyword" })).hits.map(({ id }) => id);

test("documents of several languages are each stemmed by their own, whole and in shards", async () => {
  const all = documents(["en", "de", "fr"]);
  const whole = await indexOf("whole", { documents: all });
  const parts = await indexOf("parts", { documents: all, shards: 2, partition: "random" });
  expect(whole.manifest.keyword).toMatchObject({ language: "en", languages: ["de", "en", "fr"] });
  expect(parts.manifest.keyword).toMatchObject({ language: "en", languages: ["de", "en", "fr"] });
  for (const index of [whole, parts]) {
    // None of these words is in a document as it stands here.
    expect(await ids(index, "connecting")).toEqual(["en0"]);
    expect(await ids(index, "Häusern")).toEqual(["de0"]);
    expect(await ids(index, "attendirent")).toEqual(["fr2"]);
  }
  const english = await indexOf("english", { documents: all, keyword: { language: "en" } });
  expect(await ids(english, "attendirent")).toEqual([]);
});

test("a document says its language itself, where there is no other of it", async () => {
  const [first, ...rest] = documents(["en"]);
  const declared = { ...first!, pageContent: "Wir wohnten in Häusern", metadata: { lang: "de-AT" } };
  const index = await indexOf("declared", { documents: [declared, ...rest] });
  expect(index.manifest.keyword?.languages).toEqual(["en", "de"]);
  expect(await ids(index, "Häuser")).toEqual(["en0"]);
});

test("one language is that of the index, and English the one as it ever was", async () => {
  const german = await indexOf("german", { documents: documents(["de"]) });
  expect(german.manifest.keyword).toMatchObject({ language: "de" });
  expect(german.manifest.keyword?.languages).toBeUndefined();
  const [auto, plain] = [
    await indexOf("auto", { documents: documents(["en"]) }),
    await indexOf("plain", { documents: documents(["en"]), keyword: { language: "en" } }),
  ];
  for (const name of ["keywordTerms", "keywordPostings", "keywordPositions"] as const) {
    expect(sectionBytes(auto.artifact, name)).toEqual(sectionBytes(plain.artifact, name));
  }
  expect(auto.manifest.keyword).toEqual(plain.manifest.keyword);
  const short = await indexOf("short", { documents: [{ pageContent: "Hund", vector: [1, 0] }] });
  expect(short.manifest.keyword?.language).toBe("en");
});

test("words count as their share of the documents of their language, whole and in shards", async () => {
  const german = [
    "die alten Häuser wurden aufgebaut und die neue Stadt wuchs in den Jahren nach dem Krieg ständig weiter",
    "die alten Bäume wurden gefällt und die neue Straße führte in den Jahren danach am Fluss vorbei",
    "die Kinder sammelten Kastanien und bastelten daraus in der Schule kleine Tiere für die Großeltern",
    "die alten Leute erzählten, wie die alten Bauern früher im Winter in den alten Stuben saßen und sangen",
  ].map((pageContent, i) => ({ id: `g${i}`, pageContent, metadata: { lang: "de" } }));
  const english = Array.from({ length: 36 }, (_, i) => ({
    id: `e${i}`,
    pageContent: `The engineers were checking connection number ${i} between the stations before winter began.`,
    metadata: { lang: "en" },
  }));
  const all = [...german, ...english].map((one, i) => ({ ...one, vector: [Math.cos(i), Math.sin(i)] }));
  const own = all.slice(0, german.length);
  const query = "die alten Kastanien";
  const alone = await ids(await indexOf("german", { documents: own, keyword: { language: "de" } }), query);
  // A frequent word of German is in a tenth of all documents, and must not outweigh a rare one.
  expect(alone[0]).toBe("g2");
  const whole = await indexOf("shares", { documents: all });
  expect(await ids(whole, query)).toEqual(alone);
  const parts = await indexOf("share-parts", { documents: all, shards: 2, partition: "random" });
  expect(await ids(parts, query)).toEqual(alone);
});
