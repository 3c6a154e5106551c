import { join } from "node:path";
import { expect, test } from "vitest";
import { builtIndexes } from "../../test/support/built.ts";
import { update } from "./update.ts";

const { folder, indexOf, open } = builtIndexes();

test("documents in the language of the query come before shorter translations, whole, in shards and with changes", async () => {
  const name = "Elena Petrova";
  const german = [
    `Als die Brücke über den Fluss gebaut wurde, war ${name} die erste Frau, die in der Stadt als Ingenieurin arbeitete und später davon erzählte.`,
    "Wann die Kinder nach Hause kommen, weiß in der Stadt niemand, und so wurde das Abendessen wieder kalt.",
    "Der Zug wurde heute nicht geputzt, weil die Leute in der Werkstatt lieber über den Fluss gefahren sind.",
    "Wann wurde zuletzt so viel über die alten Häuser geredet wie in diesem Winter, fragten sich die Leute.",
  ].map((pageContent, i) => ({ id: `g${i}`, pageContent, metadata: { lang: "de" } }));
  const english = [
    `When the bridge over the river was built, ${name} was the first woman here who worked as an engineer.`,
    "The engineers were checking the connections between the two stations before the winter began.",
    "Many people who live near the river have been walking along its banks every morning for years.",
  ].map((pageContent, i) => ({ id: `e${i}`, pageContent, metadata: { lang: "en" } }));
  const all = [...german, ...english].map((one, i) => ({ ...one, vector: [Math.cos(i), Math.sin(i)] }));
  const whole = await indexOf("preferred", { documents: all });
  const parts = await indexOf("preferred-parts", { documents: all, shards: 2, partition: "random" });
  const gone = { ...all[1]!, id: "gone" };
  await indexOf("preferred-base", { documents: [...all.slice(0, 3), gone, ...all.slice(4)] });
  const dir = join(folder, "preferred-base");
  await update(dir, { documents: [all[3]!], remove: ["gone"] });
  const changed = await open("preferred-base");
  for (const index of [whole, parts, changed]) {
    const query = { mode: "keyword", include: ["explanation"] } as const;
    const { hits } = await index.search({ ...query, query: `Wann wurde ${name} geboren?` });
    const [first, second] = hits;
    expect([first!.id, second!.id]).toEqual(["g0", "e0"]);
    expect(first!.explanation).toMatchObject({ keyword: { rank: 2 }, rules: [] });
    expect(second!.explanation).toMatchObject({ keyword: { rank: 1 }, rules: [{ rule: "language" }] });
    expect(second!.score).toBeCloseTo(
      (await whole.search({ ...query, query: `Wann wurde ${name} geboren?` })).hits[1]!.score,
      6,
    );
    // Nothing but the name tells no language.
    const named = await index.search({ ...query, query: name });
    expect(named.hits.map(({ id }) => id)).toEqual(["e0", "g0"]);
  }
});
