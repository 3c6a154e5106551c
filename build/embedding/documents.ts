import type { Embedder } from "../../worker/core/embedding/types.ts";
import type { EmbedderIdentity, ItemDocument } from "../../worker/core/format/meta.ts";
import type { Collected } from "../artifact/collect.ts";
import { readDocuments } from "../artifact/documents.ts";
import type { SectionSource } from "../artifact/layout.ts";
import { OptionError } from "../settings/errors.ts";
import type { Progress } from "../settings/progress.ts";
import { embedCorpus, tableSection } from "./corpus.ts";
import { tokenCounterOf } from "./sentence/embedder.ts";

/** A corpus as vectors, and what an artifact needs to embed a query the same way. */
export interface Corpus {
  readonly vectors: Float32Array<SharedArrayBuffer>;
  readonly dimensions: number;
  readonly identity: EmbedderIdentity | null;
  readonly sections: readonly SectionSource[];
  /** Texts that are longer than the embedder reads, where it runs by tokens. */
  readonly cutTexts?: number;
  /** Embeds texts as the index does; absent when the vectors came with the documents. */
  readonly embedder?: Embedder;
}

/**
 * The vectors of collected documents: those that came with them, or those that the embedder makes of the texts in
 * `documents.jsonl`.
 *
 * @throws OptionError when there is neither, or the embedder makes vectors of another length
 */
export async function makeCorpus(
  { ids, given }: Collected,
  embedder: Embedder | undefined,
  { path, embedFields, onProgress }: CorpusOptions,
): Promise<Corpus> {
  if (given) return { ...given, ...carriedBesideVectors(given.dimensions, embedder) };
  requireEmbedder(embedder);
  // Texts are read back from the file they were written to: the total is known, and memory holds one batch of them.
  const watched = watchLengths(embedder, textsToEmbed(path, embedFields));
  const corpus = await embedCorpus(embedder, watched.texts, { total: ids.length, onProgress });
  const { identity } = corpus.embedder;
  return { ...corpus, dimensions: identity.dimensions, identity, ...watched.read() };
}

/** Passes texts on and counts those of which the embedder reads only the beginning. */
export function watchLengths(
  embedder: Embedder,
  texts: AsyncIterable<string>,
): { readonly texts: AsyncIterable<string>; read(): Pick<Corpus, "cutTexts"> } {
  const counter = tokenCounterOf(embedder);
  if (!counter) return { texts, read: () => ({}) };
  const { maxTokens, countTokens } = counter;
  let cutTexts = 0;
  async function* watched(): AsyncGenerator<string> {
    for await (const text of texts) {
      if (countTokens(text, maxTokens + 1) > maxTokens) cutTexts++;
      yield text;
    }
  }
  return { texts: watched(), read: () => ({ cutTexts }) };
}

export interface CorpusOptions {
  /** `documents.jsonl`. */
  readonly path: string;
  /** Metadata fields that are embedded in front of the text. */
  readonly embedFields: readonly string[];
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Yields the text to embed of each document of `documents.jsonl`. */
export async function* textsToEmbed(path: string, fields: readonly string[]): AsyncGenerator<string> {
  for await (const document of readDocuments(path)) yield textToEmbed(document, fields);
}

/** Returns the text to embed of a document: the fields, then its own text. */
export function textToEmbed(
  { metadata, pageContent }: Pick<ItemDocument, "metadata" | "pageContent">,
  fields: readonly string[],
): string {
  const before = fields.flatMap((field) => metadata[field] ?? []).map(String);
  // A heading that is also the title counts once.
  return [...new Set(before), pageContent].join("\n");
}

/** @throws OptionError where neither vectors nor an embedder are there */
export function requireEmbedder(embedder: Embedder | undefined): asserts embedder is Embedder {
  if (!embedder)
    throw new OptionError("embedder is none, and the documents have no vectors: nothing to index them by.");
}

/**
 * Identity and sections of an embedder that was named beside given vectors: it made them, and embeds the
 * queries.
 */
export function carriedBesideVectors(
  dimensions: number,
  embedder: Embedder | undefined,
): Pick<Corpus, "identity" | "sections"> {
  if (!embedder) return { identity: null, sections: [] };
  const { identity } = embedder;
  if (identity.dimensions !== dimensions) {
    throw new OptionError(
      `The documents' vectors have ${dimensions} dimensions; the embedder ${identity.provider} (${identity.model}) makes ${identity.dimensions}.`,
    );
  }
  return { identity, sections: tableSection(embedder) };
}
