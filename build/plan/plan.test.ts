import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, plan } from "../index.ts";
import { seededRandom } from "../pipeline/random.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-plan-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("resident bytes", () => {
  test.each(["int8", "int4", "float32"] as const)(
    "are estimated within a tenth of what build writes: %s",
    async (codec) => {
      const shape = { items: 6000, dimensions: 96, codec, textBytes: 0, keyword: false };
      const random = seededRandom(11);
      function* documents() {
        for (let i = 0; i < shape.items; i++) {
          yield {
            pageContent: "",
            metadata: { i },
            vector: Array.from({ length: shape.dimensions }, () => random() - 0.5),
          };
        }
      }
      const out = join(folder, codec);
      const { manifest } = await build({ documents, out, codec, targetRecall: 0.3, filterable: [] });
      const placement = 4 * shape.items;
      const { total } = plan(shape).resident;
      expect(Math.abs(total - (manifest.hotBytes + placement)) / total).toBeLessThan(0.1);
    },
  );
});

describe("plans", () => {
  test("say from which size on one isolate is too small", () => {
    expect(plan({ items: 100_000, dimensions: 384 }).shards).toBe(1);
    const large = plan({ items: 10_000_000, dimensions: 384 });
    expect(large.shards).toBe(Math.ceil(large.resident.total / 60e6));
    expect(plan({ items: 10_000_000, dimensions: 384, codec: "binary" }).shards).toBeLessThan(large.shards);
  });

  test("cost the plan's price alone within the allowances, and each line its price above them", () => {
    expect(plan({ items: 10_000, dimensions: 256 }).monthlyUsd).toBe(5);
    const { monthly, monthlyUsd } = plan({ items: 10_000, dimensions: 256, queries: 20_000_000 });
    const requests = monthly.find(({ what }) => what === "requests to the Worker");
    expect(requests?.usd).toBeCloseTo(3, 6);
    expect(monthlyUsd).toBeCloseTo(
      monthly.reduce((sum, { usd }) => sum + usd, 0),
      9,
    );
  });

  test("refuse what no index can have", () => {
    for (const bad of [{ items: 0 }, { dimensions: 0.5 }, { changed: 2 }, { codec: "int3" as never }]) {
      expect(() => plan({ items: 10, dimensions: 10, ...bad })).toThrowError(
        expect.objectContaining({ code: "BAD_OPTION" }),
      );
    }
  });
});
