import { type Indexing, K, withIndex } from "./measure.ts";
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
/** Words that are left of a document. */
const REST_WORDS = 50;
const MOST = 100;

/**
 * Cuts a paragraph of 300 words out of the middle of long documents, indexes what is left, and asks for the document by the
 * whole paragraph and by each of its parts, in hybrid mode. Undefined for a set without documents so long.
 */
export async function measureParagraphs(
  set: JudgedSet,
  indexing: Indexing,
): Promise<ParagraphScores | undefined> {
  const cut = cutParagraphs(set);
  const { size } = cut.paragraphs;
  if (size === 0) return undefined;
  return withIndex(cut.documents, { language: set.language }, indexing, async (index) => {
    const rankOf = async (id: string, query: string): Promise<number> => {
      const { hits } = await index.search({ query, k: K, include: [] });
      const at = hits.findIndex((hit) => hit.id === id);
      return at < 0 ? 0 : 1 / (at + 1);
    };
    const parts = new Array<number>(PARAGRAPH_WORDS / PART_WORDS).fill(0);
    let [whole, best] = [0, 0];
    for (const [id, words] of cut.paragraphs) {
      whole += await rankOf(id, words.join(" "));
      const ranks = await Promise.all(
        parts.map((_, i) => rankOf(id, words.slice(i * PART_WORDS, (i + 1) * PART_WORDS).join(" "))),
      );
      for (const [i, rank] of ranks.entries()) parts[i]! += rank;
      best += Math.max(...ranks);
    }
    return {
      ...{ set: set.name, paragraphs: size, whole: whole / size, best: best / size },
      parts: parts.map((sum) => sum / size),
    };
  });
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
