import type { Share } from "./request-memory.ts";
import { searchError } from "./search-error.ts";

/**
 * Work that one request may cause, all searches of a batch and all indexes of a search of several together. A unit is
 * about a nanosecond of one core: what an operation is counted as comes from `npm run worst`. Inside a Worker no clock
 * runs during computation, so work is counted and not timed.
 */
export const REQUEST_WORK = 300e6;

/** Bytes of one answer as JSON, and of the documents that are read for it, about: they are in memory beside an index. */
export const ANSWER_BYTES = 8e6;

/** Bytes of an answer: field of a request that causes it, and how there is less of it. */
const PARTS = {
  documents: [
    "k",
    "Ask for fewer hits, or leave document, metadata, highlights and explanation out of include.",
  ],
  vectors: ["include", "Ask for fewer hits, or leave vector out of include."],
  facets: ["facets", "Ask for fewer facets, or for those whose values are shorter."],
} as const;

/** Work of a byte in nanoseconds: to read it out of a page of documents, to write it as JSON. */
const BYTE_NS = { read: 4, answer: 5 } as const;

/** Kinds of work: field of a request that causes it, what it is, and how there is less of it. */
const KINDS = {
  text: ["query", "reading and embedding texts", "shorter texts"],
  words: ["query", "looking words up", "fewer words"],
  phrases: ["query", "looking for quoted texts", "fewer quoted texts, of rarer words"],
  filter: ["filter", "testing the filter", "fewer conditions and values"],
  facets: ["facets", "counting facets", "fewer facets"],
  sort: ["filter", "sorting, grouping and counting", "a filter that fewer documents pass"],
  vectors: ["searchK", "comparing vectors", "a smaller searchK, k or offset"],
  answer: ["k", "reading documents and writing the answer", "fewer hits, or less of each in include"],
  rules: ["query", "applying the rules of the curation", "fewer words"],
  diversity: ["mmr.fetchK", "choosing by marginal relevance", "a smaller mmr.fetchK or k"],
  shards: ["k", "gathering what the shards have found", "fewer hits and facets, or a smaller offset"],
  passages: ["include", "reading documents for highlights, explanations and quotes", "a smaller k"],
} as const;

export type WorkKind = keyof typeof KINDS;

/** Count of the work and memory that a request has caused. */
export interface Work {
  /**
   * Adds bytes of documents that were read (`read`), or of the answer, and the work that they take.
   *
   * @throws SearchError `ANSWER_TOO_LARGE`, naming the field to lower; `TOO_MUCH_WORK`
   */
  readonly hold: (of: "read" | "answer", part: keyof typeof PARTS, bytes: number) => void;
  /**
   * Adds work that is about to be done; `search` is what a search takes whatever it asks for. What would exceed the limit is refused, not done and not added; from then on
   * the request is refused everything.
   *
   * @throws SearchError `TOO_MUCH_WORK`, naming the field that most of the work comes from
   */
  readonly spend: (kind: WorkKind | "search", units: number) => void;
  /**
   * Adds work that has been done, in steps of about {@link WORK_STEP} at most: only these exceed the limit. Throws as
   * `spend` does.
   */
  readonly done: (kind: WorkKind | "search", units: number) => void;
  /** Units that were spent. */
  readonly spent: () => number;
  /** Limit of units. */
  readonly most: number;
  /** Memory of the request, where an isolate counts it. */
  readonly share?: Share;
}

/** Units that may be done before they are counted, where a step cannot tell beforehand what it will take. */
export const WORK_STEP = REQUEST_WORK / 300;

/** Starts to count the work of a request. */
export function createWork(most: number = REQUEST_WORK): Work {
  const byKind = new Map<WorkKind | "search", number>();
  const held = { read: 0, answer: 0 };
  let total = 0;
  let refusal: Error | undefined;
  const done: Work["done"] = (kind, units) => {
    total += units;
    byKind.set(kind, (byKind.get(kind) ?? 0) + units);
    if (total > most) refusal ??= tooMuch(byKind);
    if (refusal) throw refusal;
  };
  const spend: Work["spend"] = (kind, units) => {
    if (total + units > most) refusal ??= tooMuch(new Map(byKind).set(kind, (byKind.get(kind) ?? 0) + units));
    if (refusal) throw refusal;
    done(kind, units);
  };
  return {
    hold(of, part, bytes) {
      held[of] += bytes;
      if (held[of] > ANSWER_BYTES) throw tooLarge(part);
      spend("answer", bytes * BYTE_NS[of]);
    },
    spend,
    done,
    spent: () => total,
    most,
  };
}

function tooLarge(part: keyof typeof PARTS): Error {
  const [field, less] = PARTS[part];
  const message = `The answer would have more than ${ANSWER_BYTES / 1e6} MB. ${less} In a batch, ask for fewer searches.`;
  return searchError("ANSWER_TOO_LARGE", field, message);
}

function tooMuch(counts: ReadonlyMap<WorkKind | "search", number>): Error {
  const isKind = (one: [string, number]): one is [WorkKind, number] => one[0] !== "search";
  const [[kind, units] = ["text", 0] as const] = [...counts].filter(isKind).sort(([, a], [, b]) => b - a);
  const total = [...counts.values()].reduce((sum, one) => sum + one, 0);
  const [field, what, less] = KINDS[kind];
  const share = Math.round((100 * units) / total);
  return searchError(
    "TOO_MUCH_WORK",
    field,
    `The request takes more work than one may: ${share}% of it so far is ${what}. Ask for ${less}, or in a batch for fewer searches.`,
  );
}
