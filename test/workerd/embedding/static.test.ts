import { expect, it } from "vitest";
import table from "../../../artifacts/static-en/table.bin";
import { createStaticEmbedder } from "../../../worker/core/embedding/static/embedder.ts";
import goldenText from "../../fixtures/static-en/golden.json?raw";

const golden: { text: string; vector: number[] }[] = JSON.parse(goldenText);
const embedder = createStaticEmbedder(new Uint8Array(table));

it("gives the golden vectors inside workerd", () => {
  expect(golden.length).toBeGreaterThan(20);
  const vector = new Float32Array(embedder.identity.dimensions);
  for (const { text, vector: expected } of golden) {
    embedder.embedInto(text, vector);
    const worst = Math.max(...expected.map((x, i) => Math.abs(x - vector[i]!)));
    expect(worst, text).toBeLessThan(1e-5);
  }
});

it("takes a megabyte of combining marks inside workerd", async () => {
  const vector = await embedder.embedQuery(`a${"\u0301\u0316".repeat(500_000)}`);
  expect(vector.some((x) => x !== 0)).toBe(
    await embedder.embedQuery("a").then((v) => v.some((x) => x !== 0)),
  );
});
