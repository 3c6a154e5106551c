import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createRandom } from "../../build/numeric/random.ts";
import { inner, loadDataSet, readRows } from "./data.ts";
import { survey } from "./measure.ts";
import { type Contender, K, type Session } from "./types.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "annoy-edge-bench-"));
});
afterEach(() => rm(cache, { recursive: true }));

/** Random rows of unit length where an earlier run would have left those of the package. */
async function seedSource(name: string, dimensions: number, count: number): Promise<void> {
  const random = createRandom(7);
  const rows = new Float32Array(count * dimensions);
  for (let at = 0; at < rows.length; at += dimensions) {
    const row = rows.subarray(at, at + dimensions).map(() => random() - 0.5);
    const length = Math.hypot(...row);
    rows.set(
      row.map((x) => x / length),
      at,
    );
  }
  await writeFile(join(cache, `${name}.source.f32`), new Uint8Array(rows.buffer));
}

// What a contender reads from disk once differed from what its answers were judged by.
it.each([
  ["wordnet-256", "wordnet", 256],
  ["glove-340k", "glove", 100],
] as const)(
  "gives the contenders of %s the rows that their answers are judged by",
  async (id, source, dimensions) => {
    await seedSource(source, dimensions, 1_100);
    const set = await loadDataSet(id, cache);
    expect([set.count, set.nQueries]).toEqual([100, 1_000]);
    expect(await readRows(set.file, dimensions, 0, 1_100)).toEqual(new Float32Array(set.rows));
    const again = await loadDataSet(id, cache);
    expect([again.rows, again.truth]).toEqual([set.rows, set.truth]);
    for (const q of [0, 999]) {
      const scores = Array.from({ length: 100 }, (_, i) => inner(set.rows, 100 + q, i, dimensions));
      const best = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, K);
      expect([...set.truth.subarray(q * K, q * K + K)]).toEqual(best);
    }
  },
);

it("says of a contender that finds nothing why it is left out", async () => {
  await seedSource("glove", 100, 1_100);
  const set = await loadDataSet("glove-340k", cache);
  const session = (items: (query: number) => number[]): Session => ({
    firstAnswerMs: 1,
    memory: () => 0,
    close: async () => {},
    ask: async (_setting: number, from: number, count: number) => ({
      cpu: 1,
      wall: 1,
      items: Array.from({ length: count }, (_, i) => items((from + i) % set.nQueries)).flat(),
    }),
  });
  const contender = { settings: () => [1, 2] } as unknown as Contender;
  const runner = (items: (query: number) => number[]) => ({
    contender,
    session: session(items),
    memory: 0,
    courses: [],
  });
  const options = { quick: true, rounds: 1 };
  expect(
    await survey(
      runner(() => Array(K).fill(-1)),
      set,
      options,
    ),
  ).toBe("no setting finds more than 0.000 of the nearest");
  const exact = (query: number) => [...set.truth.subarray(query * K, query * K + K)];
  expect(await survey(runner(exact), set, options)).toBeUndefined();
});
