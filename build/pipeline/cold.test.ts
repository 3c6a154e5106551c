import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openArtifact } from "../../worker/core/format/artifact.ts";
import { coldPagesOf } from "../../worker/core/format/cold-pages.ts";
import { SECTIONS } from "../../worker/core/format/constants.ts";
import { decodeHeader, encodeHeader } from "../../worker/core/format/header.ts";
import type { LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import { openIndex } from "../../worker/core/search/loaded-index.ts";
import { parseSearchRequest } from "../../worker/core/search/parse.ts";
import { search } from "../../worker/core/search/search.ts";
import type { SearchInput } from "../../worker/core/search/types.ts";
import { createColdReader } from "../../worker/storage/cold.ts";
import { createRangeCache } from "../../worker/storage/range-cache.ts";
import { createSemaphore } from "../../worker/storage/semaphore.ts";
import { openLocalIndex, readWhole } from "../local/local-index.ts";
import type { LocalIndex } from "../local/types.ts";
import { createRandom } from "../numeric/random.ts";
import { build } from "./build.ts";

const COUNT = 6000;
const DIMENSIONS = 48;
const WORDS = ["river", "mountain", "forest", "harbour", "desert", "island", "glacier", "meadow"];

/** Vectors around eight words' own directions, as an embedder would give. */
function* documents() {
  const random = createRandom(5);
  for (let i = 0; i < COUNT; i++) {
    const word = i % WORDS.length;
    yield {
      id: `d${i}`,
      pageContent: `${WORDS[word]} number ${i} near the ${WORDS[(i * 5 + 1) % WORDS.length]}`,
      metadata: { word: WORDS[word]!, n: i % 10 },
      vector: Array.from({ length: DIMENSIONS }, (_, j) => random() - 0.5 + (j === word ? 1.5 : 0)),
    };
  }
}
const near = (word: number, seed: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: DIMENSIONS }, (_, j) => random() - 0.5 + (j === word ? 1.5 : 0));
};

let dir: string;
let whole: LocalIndex;
let file: Uint8Array;
let cold: LoadedIndex;
let reads = 0;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "annoy-edge-cold-"));
  await build({
    documents,
    out: dir,
    codec: "binary",
    rescore: "int8",
    filterable: ["word", "n"],
    targetRecall: 0.8,
    embedder: {
      identity: { provider: "words", model: "words", dimensions: DIMENSIONS, normalized: false },
      embedDocuments: async (texts) => texts.map(() => near(0, 1)),
      embedQuery: async (text) => near(Math.max(0, WORDS.indexOf(text.split(" ")[0] ?? "")), 99),
    },
  });
  const embedQuery = async (text: string) =>
    near(Math.max(0, WORDS.indexOf(text.split(" ")[0] ?? "")), text.length);
  const embedder = {
    embedQuery,
    embedDocuments: async (texts: string[]) => Promise.all(texts.map(embedQuery)),
  };
  whole = await openLocalIndex(dir, { embedder });
  file = await readWhole(join(dir, "forest.bin"));
  cold = openCold(file);
});

/** Opens the hot part of a file, the rest of which is read by range. */
function openCold(bytes: Uint8Array): LoadedIndex {
  const read = async (offset: number, length: number) => {
    reads++;
    return bytes.slice(offset, offset + length);
  };
  const artifact = openArtifact(bytes.slice(0, whole.artifact.header.hotBytes));
  const coldFile = { key: "forest.bin", bytes: bytes.length, pages: coldPagesOf(artifact), read };
  return openIndex({
    version: whole.version,
    manifest: whole.manifest,
    artifact,
    docstore: whole.docstore,
    readRanges: createColdReader(coldFile, createRangeCache(0)),
    createEmbedder: () => whole.embedder,
  });
}

afterAll(async () => {
  await whole?.close();
  await rm(dir, { recursive: true, force: true });
});

const requests: Readonly<Record<string, SearchInput>> = {
  "a vector": { vector: near(3, 17), k: 10 },
  "a vector with a filter": { vector: near(3, 17), k: 10, filter: { n: 5 } },
  "a filter that passes a few": {
    vector: near(3, 17),
    k: 5,
    filter: { and: [{ n: 5 }, { word: "harbour" }] },
  },
  "marginal relevance": { vector: near(2, 23), k: 5, mmr: { fetchK: 20, lambda: 0.4 } },
  hybrid: { query: "glacier near the river", k: 10, mode: "hybrid" },
  "hybrid with a filter, and the vectors": {
    ...{ query: "glacier", k: 5, mode: "hybrid", filter: { n: { lt: 5 } } },
    include: ["document", "vector"],
  },
  "words alone": { query: "meadow", k: 5, mode: "keyword" },
  "an item": { item: 4321, k: 5 },
};

describe("an index whose vectors are read by range answers as the one in memory", () => {
  test.each(Object.entries(requests))("%s", async (_, input) => {
    const request = parseSearchRequest(input);
    reads = 0;
    const answer = await search(cold, request);
    expect(answer.hits.length).toBe(request.k);
    expect(answer).toEqual(await search(whole, request));
    if (input.mode !== "keyword") expect(reads).toBeGreaterThan(0);
  });
});

test("searches that wait for their turn have not begun to read, and answer as those that need not wait", async () => {
  const limited = createSemaphore(1);
  let ranking = 0;
  let most = 0;
  const readRanges = cold.readRanges!;
  const inTurns: LoadedIndex = {
    ...cold,
    inTurn: (run) => limited(1, run),
    readRanges: async (ranges) => {
      most = Math.max(most, ++ranking);
      return readRanges(ranges).finally(() => ranking--);
    },
  };
  // An item's own vector, and those of an answer, are read before and after.
  const ranked = Object.values(requests).filter(({ item, include }) => item === undefined && !include);
  const wanted = ranked.map((input) => parseSearchRequest(input));
  const answers = await Promise.all(wanted.map((request) => search(inTurns, request)));
  expect(answers).toEqual(await Promise.all(wanted.map((request) => search(whole, request))));
  expect(most).toBe(1);
});

test("a byte that changed in any cold page gives a warning and no wrong hit", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const random = createRandom(11);
  const { start, pageBytes, checksums } = coldPagesOf(whole.artifact);
  const request = parseSearchRequest({ vector: near(3, 17), k: 10 });
  const sound = await search(cold, request);
  const estimated = await search(openCold(file.slice().fill(0, start)), request);
  expect(estimated.warnings).toMatchObject([{ code: "VECTORS_UNAVAILABLE" }]);
  let touched = 0;
  for (let page = 0; page < checksums!.length; page++) {
    const damaged = file.slice();
    const bytes = Math.min(pageBytes, file.length - start - page * pageBytes);
    const at = start + page * pageBytes + Math.floor(random() * bytes);
    damaged[at]! ^= 1 << Math.floor(random() * 8);
    const reader = openCold(damaged).readRanges!;
    await expect(reader([{ offset: at, length: 1 }])).rejects.toMatchObject({ code: "CHECKSUM_MISMATCH" });
    const answer = await search(openCold(damaged), request);
    if (answer.warnings) touched++;
    expect(answer).toEqual(answer.warnings ? estimated : sound);
  }
  expect(touched).toBeGreaterThan(3);
  expect(log).toHaveBeenCalled();
  log.mockRestore();
});

test("a copy that is damaged gives way to the file, which is read past the caches", async () => {
  const artifact = openArtifact(file.slice(0, whole.artifact.header.hotBytes));
  const asked: boolean[] = [];
  const read = async (offset: number, length: number, fresh = false) => {
    asked.push(fresh);
    return fresh ? file.slice(offset, offset + length) : new Uint8Array(length);
  };
  const coldFile = { key: "forest.bin", bytes: file.length, pages: coldPagesOf(artifact), read };
  const offset = artifact.header.fileBytes - 100;
  const piece = await createColdReader(coldFile, createRangeCache(0))([{ offset, length: 100 }]);
  expect(Buffer.compare(piece, file.subarray(offset))).toBe(0);
  expect(asked).toEqual([false, true]);
});

test("a file without checksums of its pages is read as before", async () => {
  const { header, sections } = decodeHeader(file);
  const renamed = sections.map((s) => (s.kind === SECTIONS.coldChecksums ? { ...s, kind: 15 } : s));
  const older = file.slice();
  older.set(encodeHeader(header, renamed));
  for (const input of Object.values(requests)) {
    const request = parseSearchRequest(input);
    expect(await search(openCold(older), request)).toEqual(await search(whole, request));
  }
});
