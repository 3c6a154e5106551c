import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuildOptions, build, type InputDocument, query } from "../index.ts";
import { createRandom } from "../numeric/random.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-shard-words-"));
  await make("whole");
  // Vectors gather by topic, so that a word is frequent in one shard and rare in another.
  await make("cut", { shards: 3 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const TOPICS = ["harbour", "orchard", "quarry"];
const COMMON = ["stone", "water", "apple", "boat", "crane", "ladder", "basket", "rope"];

function* documents(): Generator<InputDocument> {
  const random = createRandom(11);
  for (let i = 0; i < 600; i++) {
    const topic = i % 3;
    const words = Array.from({ length: 6 + Math.floor(random() * 20) }, () =>
      random() < 0.3 ? `${TOPICS[topic]}s` : COMMON[Math.floor(random() * COMMON.length)]!,
    );
    if (random() < 0.05) words.push(TOPICS[(topic + 1) % 3]!);
    const vector = [0, 1, 2].map((axis) => (axis === topic ? 1 : 0) + 0.1 * random());
    // Only one topic's documents have an edition, and it looks like a number there alone.
    const metadata = { topic: TOPICS[topic], ...(topic > 0 && { edition: topic === 1 ? i % 4 : "first" }) };
    yield { id: `d${i}`, pageContent: words.join(" "), metadata, vector };
  }
}

const make = (name: string, options: Partial<BuildOptions> = {}) =>
  build({ documents, out: join(folder, name), seed: 1, ...options });

const ask = async (name: string, request: Parameters<typeof query>[1]) => {
  const { hits, facets } = await query(join(folder, name), { k: 20, ...request });
  return { hits: hits.map(({ item, score }) => ({ item, score })), facets };
};

test.each(["harbour", "orchards stone", "rope crane", "harbours boat basket", "quarry"])(
  "words score as in one piece, wherever they are frequent: %s",
  async (text) => {
    const whole = await ask("whole", { query: text, mode: "keyword" });
    const cut = await ask("cut", { query: text, mode: "keyword" });
    expect(whole.hits.length).toBeGreaterThan(0);
    expect(cut.hits.map(({ item }) => item)).toEqual(whole.hits.map(({ item }) => item));
    // A shard in which one word has few hits looks for near words too, which lifts the scores there a little.
    const digits = text.includes(" ") ? 5 : 0.5;
    for (const [i, { score }] of cut.hits.entries()) expect(score).toBeCloseTo(whole.hits[i]!.score, digits);
  },
);

test("filters and facets are those of one piece, also on fields that some shards lack", async () => {
  for (const filter of [{ edition: "first" }, { edition: "2" }, { topic: "harbour" }]) {
    const request = { vector: [1, 1, 1], k: 300, filter, facets: ["edition", "topic"] };
    const whole = await ask("whole", request);
    const cut = await ask("cut", request);
    expect(cut.facets).toEqual(whole.facets);
    expect(cut.hits.map(({ item }) => item).sort()).toEqual(whole.hits.map(({ item }) => item).sort());
    expect(whole.hits.length).toBeGreaterThan(0);
  }
});
