import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { compose, type Env } from "../../worker/compose.ts";
import { expectProblem, ORIGIN } from "./contract.ts";
import { seed } from "./seed.ts";

beforeAll(seed);

interface Point {
  readonly indexes: readonly string[];
  readonly blobs: readonly string[];
  readonly doubles: readonly number[];
}

/** A Worker with a data set, and what it writes there. */
function countingWorker(): { points: Point[]; send: (path: string) => Promise<Response> } {
  const points: Point[] = [];
  const bindings: Env = {
    ...env,
    LOG: "off",
    ANALYTICS: { writeDataPoint: (point) => void points.push(point) },
  };
  const app = compose(bindings);
  return {
    points,
    send: async (path) => {
      const ctx = createExecutionContext();
      const request = new Request(`${ORIGIN}${path}`, { method: "POST" });
      const response = await app.fetch(request, bindings, ctx);
      await waitOnExecutionContext(ctx);
      return response;
    },
  };
}

describe("insight", () => {
  test("a hit that was followed is counted by its position, and by nothing else", async () => {
    const { points, send } = countingWorker();
    const response = await send("/v1/selections/3");
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    const [point] = points;
    expect(point?.indexes).toEqual([env.INDEX_NAME ?? "demo"]);
    expect(point?.blobs).toEqual(["/v1/selections/{position}", "POST", "204", "", "", "", ""]);
    expect(point?.doubles[7]).toBe(3);
  });

  test.each([
    ["-1", "INVALID_TYPE"],
    ["1.5", "INVALID_TYPE"],
    ["first", "INVALID_TYPE"],
    ["1000", "OUT_OF_RANGE"],
  ])("a position of %s is refused", async (position, code) => {
    const { points, send } = countingWorker();
    await expectProblem(await send(`/v1/selections/${position}`), 400, code);
    expect(points[0]?.doubles[7]).toBe(-1);
  });
});
