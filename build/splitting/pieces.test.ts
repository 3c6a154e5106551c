import { CharacterTextSplitter, RecursiveCharacterTextSplitter } from "@langchain/textsplitters";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChunkLimits, splitMarkdown, splitParagraphs, splitText } from "./pieces.ts";

const words = fc.constantFrom(
  "a",
  "word",
  "x".repeat(30),
  "# One",
  "## Two",
  "###### Six",
  "```",
  "***",
  "---",
  "é",
);
const blanks = fc.constantFrom(" ", "\n", "\n\n", "\n\n\n", "  ", "");
const texts = fc
  .array(fc.tuple(words, blanks), { maxLength: 60 })
  .map((parts) => parts.map(([word, blank]) => word + blank).join(""));
const limits = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 59 }))
  .map(([chunkSize, overlap]): ChunkLimits => ({ chunkSize, chunkOverlap: overlap % chunkSize }));

test.each([
  ["paragraphs", splitParagraphs, (of: ChunkLimits) => new CharacterTextSplitter(of)],
  ["text", splitText, (of: ChunkLimits) => new RecursiveCharacterTextSplitter(of)],
  [
    "Markdown",
    splitMarkdown,
    (of: ChunkLimits) => RecursiveCharacterTextSplitter.fromLanguage("markdown", of),
  ],
])(
  "%s: the chunks of LangChain's splitter, whatever the text and the limits",
  async (_, split, splitterOf) => {
    const warn = console.warn;
    // The library warns of every paragraph that is longer than a chunk.
    console.warn = () => {};
    try {
      await fc.assert(
        fc.asyncProperty(texts, limits, async (text, of) => {
          expect(split(text, of)).toEqual(await splitterOf(of).splitText(text));
        }),
        { numRuns: 400 },
      );
    } finally {
      console.warn = warn;
    }
  },
);
