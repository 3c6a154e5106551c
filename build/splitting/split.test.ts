import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { textToEmbed } from "../embedding/documents.ts";
import { loadEncoder } from "../embedding/sentence/embedder.ts";
import type { SourceDocument } from "../sources/index.ts";
import { type Chunk, type ChunkTokens, type SplitOptions, splitDocuments } from "./index.ts";

const speech = readFileSync(
  new URL("../../test/fixtures/texts/state_of_the_union.txt", import.meta.url),
  "utf8",
);

function document(pageContent: string, fields: Partial<SourceDocument> = {}): SourceDocument {
  return { id: "d", pageContent, metadata: {}, kind: "text", ...fields };
}

async function split(
  documents: SourceDocument[],
  options?: SplitOptions,
  tokens?: ChunkTokens,
): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of splitDocuments(documents, options, tokens)) chunks.push(chunk);
  return chunks;
}

describe("splitting", () => {
  it("cuts the State of the Union at blank lines into 42 chunks with the lines they come from", async () => {
    const chunks = await split([document(speech, { metadata: { source: "s" } })], {
      splitter: "character",
      chunkSize: 1000,
      chunkOverlap: 0,
    });
    expect(chunks.length).toBe(42);
    expect(chunks.map((c) => c.id)).toEqual(chunks.map((_, i) => `d#${i}`));
    const lines = speech.split("\n");
    for (const { pageContent, metadata } of chunks) {
      const { from, to } = (metadata.loc as { lines: { from: number; to: number } }).lines;
      expect(lines[from - 1]).toContain(pageContent.slice(0, pageContent.indexOf("\n")).slice(0, 60));
      expect(to - from).toBe(pageContent.split("\n").length - 1);
      expect(metadata.source).toBe("s");
    }
  });

  it("keeps to the chunk size and repeats up to the overlap", async () => {
    const chunks = await split([document(speech)], {
      splitter: "recursive",
      chunkSize: 300,
      chunkOverlap: 60,
    });
    expect(Math.max(...chunks.map((c) => c.pageContent.length))).toBeLessThanOrEqual(300);
    expect(speech.split(/\s+/).join("").length).toBeLessThanOrEqual(
      chunks
        .map((c) => c.pageContent)
        .join("")
        .replace(/\s+/g, "").length,
    );
  });

  it("cuts Markdown at its headings", async () => {
    const text = `# One\n\n${"a ".repeat(30)}\n\n## Two\n\n${"b ".repeat(30)}`;
    const chunks = await split([document(text, { kind: "markdown" })], { chunkSize: 80, chunkOverlap: 0 });
    expect(chunks.map((c) => c.pageContent.split("\n")[0])).toEqual(["# One", "## Two"]);
    expect(chunks.map((c) => c.metadata.loc)).toEqual([
      { lines: { from: 1, to: 3 } },
      { lines: { from: 5, to: 7 } },
    ]);
  });

  it("leaves rows whole unless a splitter or a chunk size is given, and rows with vectors always", async () => {
    const long = "word ".repeat(1000);
    const row = document(long, { kind: "row" });
    expect(await split([row])).toEqual([{ id: "d", pageContent: long, metadata: {} }]);
    expect((await split([row], { chunkSize: 500 })).length).toBeGreaterThan(1);
    expect((await split([row], { splitter: "recursive" })).length).toBeGreaterThan(1);
    expect(await split([{ ...row, vector: [1] }], { splitter: "recursive" })).toHaveLength(1);
    expect(await split([document(long)], { splitter: "none" })).toHaveLength(1);
  });

  it("cuts by tokens what the encoder reads whole, with the fields that are embedded in front", async () => {
    const { maxTokens, countTokens } = await loadEncoder();
    const textBefore = ({ metadata }: Chunk) => textToEmbed({ metadata, pageContent: "" }, ["title"]);
    const tokens = { maxTokens, countTokens, textBefore };
    const title = "A speech of some length ".repeat(8);
    const texts = [speech, "y".repeat(3000), "学校 ".repeat(800)];
    const documents = texts.map((text) => document(text, { kind: "row", metadata: { title } }));
    const chunks = await split(documents, { chunkUnit: "tokens" }, tokens);
    const counts = chunks.map((chunk) => countTokens(textToEmbed(chunk, ["title"])));
    expect(Math.max(...counts)).toBeLessThanOrEqual(maxTokens);
    // Paragraphs end where they end: most of the room is used.
    expect(Math.max(...counts)).toBeGreaterThan(maxTokens - 25);
    const few = await split([document(speech)], { chunkUnit: "tokens", chunkSize: 60 }, tokens);
    expect(Math.max(...few.map(({ pageContent }) => countTokens(pageContent)))).toBeLessThanOrEqual(62);
    await expect(split([document(speech)], { chunkUnit: "tokens" })).rejects.toMatchObject({
      code: "BAD_OPTION",
    });
  });

  it("keeps the id of a document that fits, and gives none where there is none", async () => {
    expect((await split([document("short")])).map((c) => c.id)).toEqual(["d"]);
    const { id: _, ...anonymous } = document("one two three");
    const chunks = await split([anonymous], { chunkSize: 6 });
    expect(chunks.map((c) => [c.pageContent, "id" in c])).toEqual([
      ["one", false],
      ["two", false],
      ["three", false],
    ]);
  });

  it("keeps a row of white space", async () => {
    expect(await split([document("  ", { kind: "row" })], { splitter: "recursive" })).toHaveLength(1);
  });

  it("never cuts a character in two", async () => {
    const chunks = await split([document("😀".repeat(100))], { chunkSize: 5, chunkOverlap: 0 });
    expect(chunks.every((c) => c.pageContent.isWellFormed())).toBe(true);
    expect(chunks.map((c) => c.pageContent).join("")).toBe("😀".repeat(100));
  });

  it("splits megabytes without blanks or with nothing but newlines", async () => {
    for (const text of ["x".repeat(2_000_000), "\n".repeat(2_000_000), "same line\n".repeat(200_000)]) {
      const chunks = await split([document(text)], { chunkSize: 1000, chunkOverlap: 0 });
      expect(chunks.length).toBeGreaterThan(0);
    }
  });

  it.each([
    { chunkSize: 0 },
    { chunkSize: 1.5 },
    { chunkSize: Number.NaN },
    { chunkOverlap: -1 },
    { chunkSize: 10, chunkOverlap: 10 },
    { splitter: "sentence" as "none" },
    { chunkUnit: "words" as "tokens" },
  ])("refuses %j before reading anything", (options) => {
    expect(() => splitDocuments([], options)).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });
});
