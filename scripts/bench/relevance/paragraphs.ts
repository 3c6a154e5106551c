import { meanOf } from "../../../build/numeric/statistics.ts";
import type { MeasuredEmbedder } from "./embedders.ts";
import { K, type Measured, scoreTable, withIndex } from "./index.ts";
import type { JudgedSet } from "./sets.ts";

/** Mean reciprocal ranks at 10 of the document that a paragraph was cut out of. */
export interface ParagraphScores {
  readonly set: string;
  readonly paragraphs: number;
  /** The whole paragraph as the query. */
  readonly whole: number;
  /** Its first 50 words, the next 50, and so on, each as the query. */
  readonly parts: readonly number[];
  /** The part that ranks best for each paragraph, which nobody knows beforehand. */
  readonly best: number;
}

const PARAGRAPH_WORDS = 300;
const PART_WORDS = 50;
const PARTS = PARAGRAPH_WORDS / PART_WORDS;
/** Words that are left of a document. */
const REST_WORDS = 50;
const MOST = 100;

/**
 * Cuts a paragraph of 300 words out of the middle of long documents, indexes what is left, and asks for the document by the
 * whole paragraph and by each of its parts, in hybrid mode. Returns no scores of a set without documents so long.
 */
export async function scoreParagraphs(
  set: JudgedSet,
  { embedder }: MeasuredEmbedder,
): Promise<ParagraphScores[]> {
  const { documents, paragraphs } = cutParagraphs(set);
  if (paragraphs.size === 0) return [];
  return withIndex({ ...set, documents }, embedder, async (index) => {
    const rankOf = async (id: string, words: readonly string[]): Promise<number> => {
      const { hits } = await index.search({ query: words.join(" "), k: K, include: [] });
      return 1 / (hits.findIndex((hit) => hit.id === id) + 1 || Number.POSITIVE_INFINITY);
    };
    const ranks: { readonly whole: number; readonly parts: readonly number[] }[] = [];
    for (const [id, words] of paragraphs) {
      const parts: number[] = [];
      for (let at = 0; at < PARAGRAPH_WORDS; at += PART_WORDS) {
        parts.push(await rankOf(id, words.slice(at, at + PART_WORDS)));
      }
      ranks.push({ whole: await rankOf(id, words), parts });
    }
    return [
      {
        ...{ set: set.name, paragraphs: paragraphs.size },
        whole: meanOf(ranks, ({ whole }) => whole),
        parts: Array.from({ length: PARTS }, (_, i) => meanOf(ranks, ({ parts }) => parts[i]!)),
        best: meanOf(ranks, ({ parts }) => Math.max(...parts)),
      },
    ];
  });
}

/** Paragraphs of 300 words beside their parts. */
export function describeParagraphs(embedder: string, sets: readonly ParagraphScores[]): Measured {
  const rows = sets.map(({ set, paragraphs, whole, parts, best }) => [
    ...[set, String(paragraphs), whole, Math.max(...parts), meanOf(parts, (rank) => rank), best],
  ]);
  const head = ["paragraphs", "queries", "whole", "best part", "mean part", "best of each"];
  return {
    result: { embedder, sets },
    text: `${embedder}, mean reciprocal rank\n\n${scoreTable(head, rows)}`,
  };
}

/** The set's documents, some without a paragraph, and those paragraphs' words by the document's id. */
function cutParagraphs({ documents }: JudgedSet) {
  const long = documents.filter(
    ({ pageContent }) => pageContent.split(/\s+/).length >= PARAGRAPH_WORDS + REST_WORDS,
  );
  const step = Math.max(1, Math.ceil(long.length / MOST));
  const chosen = new Set(long.filter((_, i) => i % step === 0).map(({ id }) => id));
  const paragraphs = new Map<string, string[]>();
  const rest = documents.map((document) => {
    if (!chosen.has(document.id)) return document;
    const words = document.pageContent.split(/\s+/);
    const from = (words.length - PARAGRAPH_WORDS) >> 1;
    paragraphs.set(document.id, words.splice(from, PARAGRAPH_WORDS));
    return { ...document, pageContent: words.join(" ") };
  });
  return { documents: rest, paragraphs };
}
