import { expect, test } from "vitest";
import { nearestRegion, type Region, regionOf } from "./regions.ts";

test.each([
  ["Los Angeles", "34.05", "-118.24", "wnam"],
  ["New York", "40.71", "-74.01", "enam"],
  ["São Paulo", "-23.55", "-46.63", "sam"],
  ["London", "51.51", "-0.13", "weur"],
  ["Warsaw", "52.23", "21.01", "eeur"],
  ["Tokyo", "35.68", "139.69", "apac"],
  ["Mumbai", "19.08", "72.88", "me"],
  ["Singapore", "1.35", "103.82", "apac"],
  ["Sydney", "-33.87", "151.21", "oc"],
  ["Auckland", "-36.85", "174.76", "oc"],
  ["Johannesburg", "-26.2", "28.05", "afr"],
  ["Dubai", "25.2", "55.27", "me"],
] as const)("a caller in %s is served from the region near it", (_, latitude, longitude, region) => {
  expect(regionOf({ latitude, longitude, continent: "??" })).toBe(region);
});

test("a caller of whom only the continent is known is placed by it, and one of whom nothing is known nowhere", () => {
  expect(regionOf({ continent: "EU" })).toBe("weur");
  expect(regionOf({ continent: "AS", latitude: "", longitude: "" })).toBe("apac");
  for (const nothing of [undefined, null, {}, { continent: "T1" }, { colo: "DFW" }]) {
    expect(regionOf(nothing)).toBeUndefined();
  }
});

test("where not every region is allowed the nearest one that is takes its callers", () => {
  const allowed: readonly Region[] = ["enam", "weur", "apac"];
  expect(nearestRegion("weur", allowed)).toBe("weur");
  expect(nearestRegion("eeur", allowed)).toBe("weur");
  expect(nearestRegion("wnam", allowed)).toBe("enam");
  expect(nearestRegion("sam", allowed)).toBe("enam");
  expect(nearestRegion("oc", allowed)).toBe("apac");
});
