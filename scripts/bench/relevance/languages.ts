import { meanScores, scoreRanking } from "../../../build/evaluate/metrics.ts";
import { build } from "../../../build/index.ts";
import { openLocalIndex } from "../../../build/local/local-index.ts";
import type { Embedder } from "../../../worker/core/embedding/types.ts";
import { parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { search } from "../../../worker/core/search/search.ts";
import { buildOptions } from "./measure.ts";
import type { JudgedSet } from "./sets.ts";

/** nDCG@10 of words alone, of one way of indexing; by set. */
export interface WordScores {
  readonly way: string;
  readonly ndcg: readonly number[];
}

type Setting = "auto" | "en" | "none";
const POOLED: readonly Setting[] = ["auto", "en", "none"];
const K = 10;

/** Measures the words of sets in one index of all and in one each, by the setting of the language. */
export async function measurePooled(
  sets: readonly JudgedSet[],
  embedder: Embedder,
  out: string,
): Promise<WordScores[]> {
  const documents = sets.flatMap((set) =>
    set.documents.map((one) => ({ ...one, id: pooledId(set, one.id) })),
  );
  const scores: WordScores[] = [];
  for (const language of POOLED) {
    const ndcg = await wordsOf({ documents, language }, sets, { embedder, out, idOf: pooledId });
    scores.push({ way: `one index, ${language}`, ndcg });
  }
  for (const language of POOLED) {
    const ndcg: number[] = [];
    for (const set of sets) ndcg.push(...(await wordsOf({ ...set, language }, [set], { embedder, out })));
    scores.push({ way: `one index each, ${language}`, ndcg });
  }
  return scores;
}

/** Measures the words of sets in scripts without blanks: as the index cuts them, and as others do. */
export async function measureCutting(
  sets: readonly JudgedSet[],
  embedder: Embedder,
  out: string,
): Promise<WordScores[]> {
  const ways: Readonly<Record<string, (text: string, code: string) => string>> = {
    "pairs of characters": (text) => text,
    "Intl.Segmenter": (text, code) =>
      rewritten(text, (run) =>
        Array.from(new Intl.Segmenter(code, { granularity: "word" }).segment(run), ({ segment }) => segment),
      ),
    "pairs and single characters": (text) =>
      rewritten(text, (run) => {
        const characters = Array.from(run);
        return [...characters, ...characters.slice(1).map((second, i) => characters[i]! + second)];
      }),
  };
  const scores: WordScores[] = [];
  for (const [way, rewrite] of Object.entries(ways)) {
    const ndcg: number[] = [];
    for (const set of sets) {
      const code = set.name.slice(-2);
      const documents = set.documents.map(({ id, pageContent, metadata }) => ({
        ...{ id, pageContent: rewrite(pageContent, code) },
        metadata: { title: rewrite(String((metadata as { title?: unknown }).title ?? ""), code) },
      }));
      const queries = set.queries.map((one) => ({ ...one, query: rewrite(one.query, code) }));
      ndcg.push(
        ...(await wordsOf({ documents, language: "none" }, [{ ...set, queries }], { embedder, out })),
      );
    }
    scores.push({ way, ndcg });
  }
  return scores;
}

interface Measured {
  readonly embedder: Embedder;
  readonly out: string;
  /** Id of a set's document in the index; default: its own. */
  readonly idOf?: (set: JudgedSet, id: string) => string;
}

function pooledId({ name }: JudgedSet, id: string): string {
  return `${name}:${id}`;
}

/** Builds one index, and asks it the queries of the sets by words. */
async function wordsOf(
  { documents, language }: { readonly documents: JudgedSet["documents"]; readonly language: Setting },
  sets: readonly JudgedSet[],
  { embedder, out, idOf = (_, id) => id }: Measured,
): Promise<number[]> {
  const [any] = sets;
  await build({ ...buildOptions({ ...any!, documents }, embedder, out), keyword: { language } });
  const index = await openLocalIndex(out, { embedder });
  try {
    const ndcg: number[] = [];
    for (const set of sets) {
      const scores = [];
      for (const { query, relevant } of set.queries) {
        const { hits } = await search(
          index,
          parseSearchRequest({ query, mode: "keyword", k: K, include: [] }),
        );
        const judged = new Map([...relevant].map(([id, grade]) => [idOf(set, id), grade]));
        const ids = hits.map(({ id }) => id);
        scores.push(scoreRanking(ids, judged, K));
      }
      ndcg.push(meanScores(scores).ndcg);
    }
    return ndcg;
  } finally {
    await index.close();
  }
}

/** Runs of characters of scripts without blanks. */
const RUN = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}ー]+/gu;

/** Puts words in the place of each run, in Latin letters, so that the index takes them whole. */
function rewritten(text: string, cut: (run: string) => readonly string[]): string {
  return text.normalize("NFKC").replace(RUN, (run) => ` ${cut(run).map(spelled).join(" ")} `);
}

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** A word of letters for a word of any script: 24, each digit of its hash three times, so that none is a misspelling of another. */
function spelled(word: string): string {
  let hash = OFFSET;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), PRIME);
  const digits = (hash >>> 0).toString(16).padStart(8, "0");
  return Array.from(digits, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)).repeat(3)).join(
    "",
  );
}
