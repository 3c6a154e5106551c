import { expect, test } from "vitest";
import { forbidsIndexing, refreshTarget } from "./robots.ts";

test.each([
  ["noindex", true],
  ["NOINDEX, follow", true],
  ["nofollow,none", true],
  ["noindex nofollow", true],
  ["index, follow, max-image-preview:none", false],
  ["max-image-preview: none, max-snippet:-1", false],
  ["unavailable_after: 25 Jun 2030 15:00:00 PST, noindex", true],
  ["noindexing, nonesuch", false],
  ["all", false],
])("robots %j keep a page out: %s", (content, forbids) => {
  expect(forbidsIndexing(content)).toBe(forbids);
});

test.each([
  ["unavailable_after: 2020-09-21", true],
  ["index, unavailable_after: Saturday, 25-Jun-2020 15:00:00 GMT", true],
  ["unavailable_after: 25 Jun 2020 15:00:00 PST, max-snippet:-1", true],
  ["unavailable_after: 2026-01-02", false],
  ["unavailable_after: Thu, 31 Dec 2030 23:59:59 GMT", false],
  ["unavailable_after: soon", false],
])("%j keeps a page out on New Year of 2026: %s", (content, forbids) => {
  for (const header of [false, true]) {
    expect(
      forbidsIndexing(content.replace("index, ", header ? "" : "index, "), {
        header,
        now: Date.UTC(2026, 0, 1),
      }),
    ).toBe(forbids);
  }
});

test("a line of a header may be for another reader", () => {
  expect(forbidsIndexing("googlebot: nofollow, noindex", { header: true })).toBe(false);
  expect(forbidsIndexing("noindex, nofollow", { header: true })).toBe(true);
  expect(forbidsIndexing("max-snippet: 0, none", { header: true })).toBe(true);
});

test.each([
  ["0; url=/new", "/new"],
  ["0;URL='/new'", "/new"],
  ["0, /new", "/new"],
  ["0.5;url=x", "x"],
  ['; url="a b"', "a b"],
  ["5; url=/new", undefined],
  ["300", undefined],
  ["0", undefined],
  ["now; url=/new", undefined],
])("a refresh %j leads at once to %j", (content, target) => {
  expect(refreshTarget(content)).toBe(target);
});
