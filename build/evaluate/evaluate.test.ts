import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, evaluate } from "../index.ts";
import { meanScores, scoreRanking } from "./metrics.ts";
import { readJudgedQueries } from "./queries.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-evaluate-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("scores", () => {
  const judged = new Map([
    ["a", 3],
    ["b", 1],
    ["c", 0],
  ]);

  test("the best order scores 1, and one without anything relevant 0", () => {
    expect(scoreRanking(["a", "b", "x"], judged, 10)).toEqual({ mrr: 1, recall: 1, ndcg: 1 });
    expect(scoreRanking(["x", "c"], judged, 10)).toEqual({ mrr: 0, recall: 0, ndcg: 0 });
    expect(scoreRanking([], judged, 10)).toEqual({ mrr: 0, recall: 0, ndcg: 0 });
  });

  test("ranks count as their definitions say, and only within k", () => {
    const scores = scoreRanking(["x", "b", "a"], judged, 3);
    expect(scores.mrr).toBe(1 / 2);
    expect(scores.recall).toBe(1);
    const ideal = 7 + 1 / Math.log2(3);
    expect(scores.ndcg).toBeCloseTo((1 / Math.log2(3) + 7 / 2) / ideal, 12);
    expect(scoreRanking(["x", "b", "a"], judged, 2)).toMatchObject({ mrr: 1 / 2, recall: 1 / 2 });
    expect(meanScores([scores, { mrr: 0, recall: 0, ndcg: 0 }]).mrr).toBe(1 / 4);
  });
});

describe("queries", () => {
  const file = async (text: string) => {
    const path = join(folder, "queries.jsonl");
    await writeFile(path, text);
    return path;
  };

  test("relevant is an id, a list, or an object with grades", async () => {
    const rows = [
      { query: "one", relevant: "a" },
      { query: "two", relevant: ["a", "b"], filter: { lang: "en" } },
      { query: "three", relevant: { a: 2, b: 0 } },
    ];
    const queries = await readJudgedQueries(await file(rows.map((row) => JSON.stringify(row)).join("\n\n")));
    expect(queries.map(({ relevant }) => Object.fromEntries(relevant))).toEqual([
      { a: 1 },
      { a: 1, b: 1 },
      { a: 2 },
    ]);
    expect(queries[1]?.filter).toEqual({ lang: "en" });
  });

  test.each([
    ["", "no queries"],
    ["{", "line 1: it is not JSON"],
    ['{"query":"x","relevant":"a"}\n{"relevant":"a"}', "line 2: it has no query text"],
    ['{"query":"x"}', "relevant is not"],
    ['{"query":"x","relevant":[1]}', "relevant is not"],
    ['{"query":"x","relevant":{"a":"very"}}', "relevant is not"],
    ["null", "no query text"],
  ])("%j is refused with its line", async (text, message) => {
    await expect(readJudgedQueries(await file(text))).rejects.toMatchObject({
      code: "BAD_QUERIES",
      message: expect.stringContaining(message),
    });
  });
});

describe("artifacts", () => {
  const documents = [
    { id: "car", pageContent: "my car", metadata: { url: "/things" } },
    { id: "table", pageContent: "a table with four wooden legs", metadata: { url: "/things" } },
    { id: "soup", pageContent: "hot tomato soup for lunch", metadata: { url: "/food" } },
  ];
  const queries = [
    { query: "automobile", relevant: new Map([["car", 1]]) },
    { query: "tomato", relevant: new Map([["soup", 1]]) },
  ];

  test("are scored in every mode they have, beside another", async () => {
    const [own, poor] = [join(folder, "own"), join(folder, "poor")];
    await build({ documents, out: own });
    await build({ documents: documents.slice(1), out: poor, keyword: false });
    const { modes } = await evaluate(own, { queries, compare: poor });
    expect(modes.map(({ mode }) => mode)).toEqual(["vector", "keyword", "hybrid"]);
    expect(modes[0]).toMatchObject({ mrr: 1, recall: 1, ndcg: 1 });
    expect(modes[0]?.compared).toEqual({ mrr: 0.5, recall: 0.5, ndcg: 0.5, better: 1, worse: 0 });
    // No keyword knows that an automobile is a car, and the poor artifact knows no keywords at all.
    expect(modes[1]).toMatchObject({ mrr: 0.5 });
    expect(modes[1]).not.toHaveProperty("compared");
  });

  test("may be judged by a metadata field, whose value counts once", async () => {
    const out = join(folder, "pages");
    await build({ documents, out });
    const judged = [{ query: "wooden furniture", relevant: new Map([["/food", 1]]) }];
    const { modes } = await evaluate(out, { queries: judged, match: "url" });
    expect(modes[0]?.mrr).toBe(1 / 2);
  });

  test("of vectors alone answer no text", async () => {
    const out = join(folder, "vectors");
    await build({ documents: [{ pageContent: "", vector: [1, 2] }], out });
    await expect(evaluate(out, { queries })).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});
