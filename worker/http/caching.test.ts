import { expect, test } from "vitest";
import { answerKey } from "./caching.ts";

test("two paths that routes tell apart have two keys, and the same parameters in another order one", () => {
  const keyOf = (path: string) => answerKey("docs", "v.0", `https://example.com${path}`);
  const paths = ["y", "x/%2e%2e/y", "x/../y", "./y", "%2e/y", "x%2F..%2Fy", "Y", "y/", "y?k=1", "y%3Fk=1"];
  const keys = paths.map((path) => keyOf(`/v1/documents/${path}`));
  expect(new Set(keys.map((key) => new URL(key).href)).size).toBe(paths.length);
  expect(keyOf("/v1/search?q=a&k=1")).toBe(keyOf("/v1/search?k=1&q=a"));
  expect(keyOf("/v1/search?facets=a&facets=b")).not.toBe(keyOf("/v1/search?facets=b&facets=a"));
  for (const key of keys) expect(key).toMatch(/^https:\/\/annoy-edge\.invalid\/answers\/docs\/v\.0\/%2Fv1/);
});
