import { OptionError } from "../settings/errors.ts";
import type { SourceDocument, SourceKind } from "../sources/types.ts";
import { locateChunks } from "./locate.ts";
import { type ChunkLimits, splitMarkdown, splitParagraphs, splitText } from "./pieces.ts";

export const SPLITTERS = ["auto", "character", "recursive", "markdown", "none"] as const;
export type SplitterName = (typeof SPLITTERS)[number];

export interface SplitOptions {
  /**
   * `auto` (default): by headings and paragraphs for Markdown, by paragraphs, lines and words for other files; rows of
   * JSONL and CSV stay whole unless a splitter or a chunk size is given. `character`: at blank lines alone.
   */
  readonly splitter?: SplitterName;
  /** Characters (UTF-16 units) a chunk has at most; default 1000. `character` may exceed it where a paragraph does. */
  readonly chunkSize?: number;
  /** Characters that a chunk repeats of the one before; default 200, or a fifth of a smaller chunk size. */
  readonly chunkOverlap?: number;
}

const CHUNK_SIZE = 1000;
const CHUNK_OVERLAP = 200;
const MAX_CHUNK_SIZE = 1 << 24;

/** A document to index. */
export type Chunk = Omit<SourceDocument, "kind">;

/**
 * Splits documents, in order, into the chunks of LangChain's text splitters. A chunk's id is its document's with `#` and its number
 * when there are several; its metadata gains LangChain's `loc: { lines: { from, to } }`, lines of the document from 1.
 * Documents with vectors are never split.
 *
 * @throws OptionError, before anything is read
 */
export function splitDocuments(
  documents: AsyncIterable<SourceDocument> | Iterable<SourceDocument>,
  options: SplitOptions = {},
): AsyncGenerator<Chunk> {
  return split(documents, checkSplitting(options));
}

interface Splitting extends ChunkLimits {
  readonly splitter: SplitterName;
  /** Whether rows are split by `auto` too. */
  readonly rows: boolean;
}

async function* split(
  documents: AsyncIterable<SourceDocument> | Iterable<SourceDocument>,
  splitting: Splitting,
): AsyncGenerator<Chunk> {
  for await (const { kind, ...document } of documents) {
    const name = document.vector ? "none" : splitterFor(kind, splitting);
    if (name === "none") {
      yield document;
      continue;
    }
    yield* chunksOf(document, CUTS[name](document.pageContent, splitting));
  }
}

function* chunksOf(document: Chunk, texts: readonly string[]): Generator<Chunk> {
  if (texts.length === 0) {
    // White space alone: a row keeps its place.
    yield document;
    return;
  }
  const { id, metadata, pageContent } = document;
  const lines = locateChunks(pageContent, texts);
  for (const [i, text] of texts.entries()) {
    yield {
      ...(id !== undefined && { id: texts.length === 1 ? id : `${id}#${i}` }),
      pageContent: text,
      metadata: { ...metadata, loc: { lines: lines[i]! } },
    };
  }
}

function splitterFor(kind: SourceKind, { splitter, rows }: Splitting): keyof typeof CUTS | "none" {
  if (splitter !== "auto") return splitter;
  if (kind === "row" && !rows) return "none";
  return kind === "markdown" ? "markdown" : "recursive";
}

const CUTS = { character: splitParagraphs, recursive: splitText, markdown: splitMarkdown } as const;

/** Checks splitting settings and fills in the defaults. @throws OptionError */
export function checkSplitting(options: SplitOptions): Splitting {
  const { splitter = "auto", chunkSize = CHUNK_SIZE } = options;
  if (!SPLITTERS.includes(splitter)) {
    throw new OptionError(`splitter is ${JSON.stringify(splitter)}; it can be ${SPLITTERS.join(", ")}.`);
  }
  if (!Number.isInteger(chunkSize) || chunkSize < 1 || chunkSize > MAX_CHUNK_SIZE) {
    throw new OptionError(`chunkSize is ${chunkSize}; a whole number from 1 to ${MAX_CHUNK_SIZE} is needed.`);
  }
  const chunkOverlap = options.chunkOverlap ?? Math.min(CHUNK_OVERLAP, Math.floor(chunkSize / 5));
  if (!Number.isInteger(chunkOverlap) || chunkOverlap < 0 || chunkOverlap >= chunkSize) {
    throw new OptionError(
      `chunkOverlap is ${chunkOverlap}; a whole number from 0 to ${chunkSize - 1} is needed.`,
    );
  }
  return { splitter, chunkSize, chunkOverlap, rows: options.chunkSize !== undefined };
}
