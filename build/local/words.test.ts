import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BuildOptions, build } from "../pipeline/build.ts";
import { openLocalIndex } from "./local-index.ts";
import type { LocalIndex } from "./types.ts";

const TEXTS = [
  ["a", "Rate limits", "Every key has a rate limit. The rate limit is counted by the minute.", "guide"],
  ["b", "Rate limiting with queues", "Queues smooth what a rate limit would refuse.", "guide"],
  ["c", "Deploying", "A deployment has a rate of its own; see limits elsewhere.", "guide"],
  ["d", "Secret deployment of pandas", "The pandas are deployed at midnight.", "private"],
  ["e", "Configure the deployment", "Configuration and deployment go together.", "guide"],
  ["f", "Settings", "Version 1.6 reads core.editor of .editorconfig.toml.", "guide"],
] as const;

const documents = () =>
  TEXTS.map(([id, title, pageContent, area], i) => ({
    id,
    pageContent,
    metadata: { title, area },
    vector: [Math.cos(i), Math.sin(i)],
  }));

let folder: string;
let whole: LocalIndex;
let parts: LocalIndex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "annoy-edge-words-"));
  const options = (out: string): BuildOptions => ({ documents, embedder: "none", out: join(folder, out) });
  await build(options("whole"));
  await build({ ...options("parts"), shards: 2, partition: "random" });
  whole = await openLocalIndex(join(folder, "whole"));
  parts = await openLocalIndex(join(folder, "parts"));
});
afterAll(async () => {
  await Promise.all([whole?.close(), parts?.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function corrected(query: string, filter?: object) {
  const request = { query, mode: "keyword" as const, didYouMean: true, ...(filter && { filter }) };
  const [one, many] = [await whole.search(request), await parts.search(request)];
  expect(many.didYouMean).toEqual(one.didYouMean);
  return one.didYouMean;
}

test("misspelled words are corrected, with the documents that hold them", async () => {
  expect((await corrected("Rate limmit of keys"))?.query).toBe("Rate limit of keys");
  expect(await corrected("the Rate limti")).toEqual({
    query: "the Rate limit",
    documents: 3,
    words: [{ word: "limti", correction: "limit" }],
  });
  expect(await corrected("qeues depolyment")).toMatchObject({ query: "queues deployment", documents: 4 });
  expect((await corrected("configuraton depolyment"))?.query).toBe("configuration deployment");
  expect((await corrected("ratelimit"))?.query).toBe("rate limit");
});

test("right words, beginnings and quoted words are not corrected", async () => {
  for (const query of ["rate limits", "deploy", '"limti"', "503", "-m"])
    expect(await corrected(query)).toBeUndefined();
  expect((await whole.search({ query: "limti", mode: "keyword" })).didYouMean).toBeUndefined();
});

test("a text in another language is not corrected, nor a number to another", async () => {
  expect(await corrected("wo ist dein limti bitte sehr")).toBeUndefined();
  expect(await corrected("1e6 limits")).toBeUndefined();
});

test("a filter's documents alone decide what is right, and correct nothing to words of others", async () => {
  expect((await corrected("panda"))?.query).toBeUndefined();
  expect((await corrected("pandsa"))?.query).toBe("pandas");
  expect(await corrected("pandsa", { area: "guide" })).toBeUndefined();
});

async function suggestions(query: string, filter?: object) {
  const request = { query, k: 10, ...(filter && { filter }) };
  const [one, many] = [await whole.suggest(request), await parts.suggest(request)];
  expect(many.suggestions).toEqual(one.suggestions);
  return one.suggestions.map(({ text }) => text);
}

test("texts are completed by titles, then by phrases", async () => {
  expect((await suggestions("rate lim")).slice(0, 3)).toEqual([
    "Rate limits",
    "Rate limiting with queues",
    "rate limit",
  ]);
  expect(await suggestions("depl")).toEqual(
    expect.arrayContaining(["Deploying", "deployment", "Configure the deployment"]),
  );
  expect(await suggestions("zzz")).toEqual([]);
  const [first] = (await whole.suggest({ query: "rate limit" })).suggestions;
  expect(first).toEqual({ text: "Rate limits", kind: "title", id: "a" });
  const phrase = (await whole.suggest({ query: "rate li" })).suggestions.find((one) => one.kind === "phrase");
  expect(phrase).toEqual({ text: "rate limit", kind: "phrase", documents: 2 });
});

test("identifiers are completed as documents write them", async () => {
  expect(await suggestions("core")).toContain("core.editor");
  expect(await suggestions("edit")).toEqual(expect.arrayContaining(["editor", "editorconfig.toml"]));
});

test("a filter hides the titles and words of other documents", async () => {
  expect(await suggestions("pan")).toContain("pandas");
  expect(await suggestions("pan", { area: "guide" })).toEqual([]);
  expect(await suggestions("secret", { area: "guide" })).toEqual([]);
});

test("what cannot be asked is refused", async () => {
  await expect(whole.suggest({ query: "a".repeat(201) })).rejects.toMatchObject({ code: "QUERY_TOO_LONG" });
  await expect(whole.suggest({ query: "a", k: 21 })).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
});
