import { OptionError } from "../settings/errors.ts";
import type { SourceDocument, SourceKind } from "../sources/types.ts";
import { locateChunks } from "./locate.ts";
import { type ChunkLimits, splitMarkdown, splitParagraphs, splitText } from "./pieces.ts";

export const SPLITTERS = ["auto", "character", "recursive", "markdown", "none"] as const;
export type SplitterName = (typeof SPLITTERS)[number];

export const CHUNK_UNITS = ["characters", "tokens"] as const;
export type ChunkUnit = (typeof CHUNK_UNITS)[number];

export interface SplitOptions {
  /**
   * `auto` (default): by headings and paragraphs for Markdown, by paragraphs, lines and words for other files; rows of
   * JSONL and CSV stay whole unless a splitter or a chunk size is given. `character`: at blank lines alone.
   */
  readonly splitter?: SplitterName;
  /**
   * Most that a chunk has, in characters (UTF-16 units; default 1000) or tokens (default: what the encoder reads, less the
   * fields in front). `character` may exceed it where a paragraph does.
   */
  readonly chunkSize?: number;
  /** Overlap of a chunk with the one before; default 200 characters or 50 tokens, or a fifth of a smaller chunk size. */
  readonly chunkOverlap?: number;
  /** Unit of both: `characters` (default), or `tokens` of the encoder that embeds the chunks; rows are split too. */
  readonly chunkUnit?: ChunkUnit;
}

/** Tokens of an encoder, for chunks that it reads whole. */
export interface ChunkTokens {
  /** Tokens that it reads of a text, those around it included. */
  readonly maxTokens: number;
  countTokens(text: string, limit?: number): number;
  /** Text that is embedded in front of a chunk of the document. */
  textBefore(document: Chunk): string;
}

const CHUNK_SIZE = 1000;
/** Default overlaps, in the unit. */
const OVERLAPS: Readonly<Record<ChunkUnit, number>> = { characters: 200, tokens: 50 };
const MAX_CHUNK_SIZE = 1 << 24;

/** A document to index. */
export type Chunk = Omit<SourceDocument, "kind">;

/**
 * Splits documents, in order, into the chunks of LangChain's text splitters. A chunk's id is its document's with `#` and its number
 * when there are several; its metadata gains LangChain's `loc: { lines: { from, to } }`, lines of the document from 1.
 * Documents with vectors are never split.
 *
 * @param tokens needed where chunks are counted in tokens
 * @throws OptionError, before anything is read
 */
export function splitDocuments(
  documents: AsyncIterable<SourceDocument> | Iterable<SourceDocument>,
  options: SplitOptions = {},
  tokens?: ChunkTokens,
): AsyncGenerator<Chunk> {
  return split(documents, checkSplitting(options), tokens);
}

interface Splitting {
  readonly splitter: SplitterName;
  readonly chunkUnit: ChunkUnit;
  /** Absent: what the encoder reads. */
  readonly chunkSize?: number;
  /** Absent: the default for the chunk size. */
  readonly chunkOverlap?: number;
  /** Whether rows are split by `auto` too. */
  readonly rows: boolean;
}

async function* split(
  documents: AsyncIterable<SourceDocument> | Iterable<SourceDocument>,
  splitting: Splitting,
  tokens: ChunkTokens | undefined,
): AsyncGenerator<Chunk> {
  for await (const { kind, ...document } of documents) {
    const name = document.vector ? "none" : splitterFor(kind, splitting);
    if (name === "none") {
      yield document;
      continue;
    }
    yield* chunksOf(document, CUTS[name](document.pageContent, limitsFor(document, splitting, tokens)));
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

function limitsFor(document: Chunk, splitting: Splitting, tokens: ChunkTokens | undefined): ChunkLimits {
  if (splitting.chunkUnit === "characters") {
    const { chunkSize = CHUNK_SIZE } = splitting;
    return { chunkSize, chunkOverlap: overlapOf(splitting, chunkSize) };
  }
  if (!tokens) throw new OptionError("chunkUnit is tokens, and there is no encoder to count them.");
  const { maxTokens, countTokens, textBefore } = tokens;
  const around = countTokens("");
  // Fields as long as what the model reads would leave nothing of the text.
  const least = Math.ceil((maxTokens - around) / 2);
  const read = Math.max(least, maxTokens - countTokens(textBefore(document), maxTokens));
  const { chunkSize = read } = splitting;
  return {
    chunkSize,
    chunkOverlap: overlapOf(splitting, chunkSize),
    lengthOf: (text) => countTokens(text, around + chunkSize + 1) - around,
  };
}

/** Returns the overlap as given, or the default. @throws OptionError when it is as large as a chunk */
function overlapOf({ chunkOverlap, chunkUnit }: Splitting, chunkSize: number): number {
  if (chunkOverlap === undefined) return Math.min(OVERLAPS[chunkUnit], Math.floor(chunkSize / 5));
  if (chunkOverlap < chunkSize) return chunkOverlap;
  throw new OptionError(
    `chunkOverlap is ${chunkOverlap}; a whole number from 0 to ${chunkSize - 1} is needed.`,
  );
}

/** Checks splitting settings and fills in the defaults. @throws OptionError */
export function checkSplitting(options: SplitOptions): Splitting {
  const { splitter = "auto", chunkUnit = "characters", chunkOverlap } = options;
  const chunkSize = options.chunkSize ?? (chunkUnit === "tokens" ? undefined : CHUNK_SIZE);
  if (!SPLITTERS.includes(splitter)) {
    throw new OptionError(`splitter is ${JSON.stringify(splitter)}; it can be ${SPLITTERS.join(", ")}.`);
  }
  if (!CHUNK_UNITS.includes(chunkUnit)) {
    throw new OptionError(`chunkUnit is ${JSON.stringify(chunkUnit)}; it can be ${CHUNK_UNITS.join(", ")}.`);
  }
  if (
    chunkSize !== undefined &&
    (!Number.isInteger(chunkSize) || chunkSize < 1 || chunkSize > MAX_CHUNK_SIZE)
  ) {
    throw new OptionError(`chunkSize is ${chunkSize}; a whole number from 1 to ${MAX_CHUNK_SIZE} is needed.`);
  }
  if (chunkOverlap !== undefined && (!Number.isInteger(chunkOverlap) || chunkOverlap < 0)) {
    throw new OptionError(`chunkOverlap is ${chunkOverlap}; a whole number from 0 is needed.`);
  }
  const checked: Splitting = {
    splitter,
    chunkUnit,
    ...(chunkSize !== undefined && { chunkSize }),
    ...(chunkOverlap !== undefined && { chunkOverlap }),
    rows: options.chunkSize !== undefined || chunkUnit === "tokens",
  };
  if (chunkSize === undefined) return checked;
  return { ...checked, chunkOverlap: overlapOf(checked, chunkSize) };
}
