import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PLAIN_SETTINGS } from "../../test/support/forest.ts";
import { build, plan } from "../index.ts";
import { createRandom } from "../numeric/random.ts";
import { sizeShards } from "../sharding/size.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-plan-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("resident bytes", () => {
  test.each(["int8", "int4", "float32", "binary"] as const)(
    "are estimated within a tenth of what build writes: %s",
    async (codec) => {
      const shape = { items: 6000, dimensions: 96, codec, textBytes: 0, keyword: false };
      const random = createRandom(11);
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
    expect(large.shards).toBeGreaterThan(large.resident.total / 60e6);
    expect(large.shards).toBeLessThan((1.2 * large.resident.total) / 60e6);
    const shape = { items: 10_000_000, dimensions: 384, documentBytes: 6e9, hasText: true };
    const sharding = { shards: "auto", partition: "clusters", shardBytes: 60e6 } as const;
    expect(sizeShards(shape, { ...PLAIN_SETTINGS, codec: "int8" }, {}, sharding).shards).toBe(large.shards);
    expect(plan({ items: 100_000_000, dimensions: 768 }).tooLarge).toBe(true);
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

  test("of shards count calls, loads and time at work as docs/scale.md derives them", () => {
    const queries = 2_592_000;
    const made = plan({ items: 1_000_000, dimensions: 384, queries, probes: 4 });
    const { shards, serving, monthly } = made;
    // One search a second asks 4 of the shards; an object that nobody asked for ten seconds is loaded again.
    const away = Math.exp((-10 * 4) / shards);
    expect(serving.loads).toBe(Math.ceil(queries * 4 * away));
    expect(serving.loadShare).toBeCloseTo(1 - (1 - away) ** 4, 9);
    // Four shards rank; where the hits' documents lie they tell along with it.
    expect(monthly.find(({ what }) => what === "requests to shards")?.quantity).toBe(queries * 4);
    const searchMs = 0.5 + (5 * 1e6) / shards / 1e6;
    const busy = queries * 4 * searchMs + queries * 4 * away * serving.loadMs;
    expect(serving.objectSeconds).toBeCloseTo((busy / 1000) * 0.128, -2);
    const random = plan({ items: 1_000_000, dimensions: 384, queries, partition: "random" });
    expect(random.probes).toBe(shards);
    expect(plan({ items: 1_000_000, dimensions: 384, replicas: 2, regions: 3 }).objects).toBe(shards * 6);
  });

  test("set the prices of others beside: Vectorize's own example, turbopuffer's terms by hand", () => {
    // developers.cloudflare.com/vectorize/platform/pricing: 50,000 vectors of 768, 200,000 queries: $1.94 before allowances.
    const [cloudflare] = plan({ items: 50_000, dimensions: 768, queries: 200_000 }).peers;
    const allowances = 50 * 0.01 + 10 * 0.0005;
    expect(cloudflare!.monthlyUsd).toBeCloseTo(5 + 1.94 - allowances, 2);
    const many = plan({ items: 1e8, dimensions: 768, queries: 1e6 }).peers;
    expect(many[0]).toMatchObject({ indexes: 5 });
    // 153.6 GB of f16 are asked: 32 whole, 96 at a fifth, 25.6 at a 25th. 203.6 GB lie; 107.16 GB are written; 2 GB return.
    const asked = 32 + 96 / 5 + 25.6 / 25;
    const puffer = asked + 203.6 * 0.33 + 0.3 * 1e8 * 3572e-9 + 2 * 0.05;
    expect(many[1]!.monthlyUsd).toBeCloseTo(puffer, 6);
    expect(plan({ items: 1000, dimensions: 8 }).peers[1]!.monthlyUsd).toBe(16);
  });

  test("count the encoder's bytes and the time of its tokens, where it makes the vectors", () => {
    // 100,000 texts of 2 + 500 / 4.4 tokens at 3,400 a second and core.
    const { encoding } = plan({ items: 100_000, dimensions: 384, jobs: 2 });
    expect(encoding?.seconds).toBeCloseTo((100_000 * (2 + 500 / 4.4)) / 6800, 6);
    const long = plan({ items: 1000, dimensions: 384, textBytes: 9000, jobs: 1 }).encoding;
    expect(long?.tokens).toBe(256_000);
    const shape = { items: 125_000, dimensions: 384 };
    expect([plan(shape).shards, plan({ ...shape, encoder: false }).shards]).toEqual([2, 1]);
    expect(plan({ ...shape, encoder: false }).encoding).toBeUndefined();
    expect(plan({ items: 1000, dimensions: 768 }).encoding).toBeUndefined();
  });

  test("refuse what no index can have", () => {
    for (const bad of [{ items: 0 }, { dimensions: 0.5 }, { changed: 2 }, { codec: "int3" as never }]) {
      expect(() => plan({ items: 10, dimensions: 10, ...bad })).toThrowError(
        expect.objectContaining({ code: "BAD_OPTION" }),
      );
    }
  });
});
