import { setImmediate as nextTurn } from "node:timers/promises";
import type { LocalIndex } from "../../../build/local/types.ts";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { createWork, type Work } from "../../../worker/core/format/work.ts";
import { createCursor, cursorText, isStem, moveTo, nextTerm } from "../../../worker/core/keyword/cursor.ts";
import { readEntry } from "../../../worker/core/keyword/dictionary.ts";
import { openSearcher } from "../../../worker/core/search/open-searcher.ts";
import { parseBatchRequest, parseSearchRequest } from "../../../worker/core/search/parse.ts";
import { searchBatchWith, searchWith } from "../../../worker/core/search/search.ts";
import { startClock } from "../../bench/clock.ts";
import { bodyOf, isTooLarge, mutated, randomShape, type Shape, type Vocabulary } from "./requests.ts";

/** Cost of one request. */
export interface Trial {
  readonly shape: Shape;
  readonly bodyBytes: number;
  /** CPU time of this process, in milliseconds. */
  readonly cpu: number;
  /** Units of work that were counted. */
  readonly units: number;
  /** `200`, or the code that it was refused with. */
  readonly outcome: string;
  readonly answerBytes: number;
  /** Milliseconds of the Worker and of each shard, of an index in shards; `cpu` is the most of them. */
  readonly parts?: { readonly worker: number; readonly shards: readonly number[] };
}

export interface WorstOptions {
  /** Ends after so many seconds, or after so many requests. */
  readonly seconds?: number;
  readonly trials?: number;
  readonly random: () => number;
  readonly onTrial?: (trial: Trial) => void;
}

/** Shapes that are changed further: the worst so far. */
const KEPT = 12;
/** Requests between those that change the worst: of no relation to what was tried before. */
const FRESH_SHARE = 0.4;

/**
 * Searches for the request within the size limits that costs most: random ones, and changes of the worst so far. What is
 * measured is everything from the text of the body to the text of the answer but the network.
 */
export async function findWorst(trials: Trials, options: WorstOptions): Promise<readonly Trial[]> {
  const { random } = options;
  const worst: Trial[] = [];
  const { seconds = Number.POSITIVE_INFINITY, trials: most = Number.POSITIVE_INFINITY } = options;
  const until = performance.now() + seconds * 1000;
  for (let n = 0; n < most && performance.now() < until; n++) {
    const base = worst[Math.floor(random() * worst.length)];
    const shape = base && random() > FRESH_SHARE ? mutated(base.shape, random) : randomShape(random);
    const trial = await trials.run(shape);
    if (!trial) continue;
    options.onTrial?.(trial);
    if (worst.length === KEPT && trial.cpu <= worst.at(-1)!.cpu) continue;
    worst.push(await leastOf(trials, trial));
    worst.sort((a, b) => b.cpu - a.cpu);
    worst.length = Math.min(worst.length, KEPT);
  }
  return worst;
}

/** Runs of a request that may be among the worst: what other processes take of caches only adds to its time. */
const RUNS = 4;

/** The cheapest of several requests of a shape. */
export async function leastOf(trials: Trials, first: Trial): Promise<Trial> {
  let least = first;
  for (let run = 1; run < RUNS; run++) {
    const trial = await trials.run(first.shape);
    if (trial && trial.cpu < least.cpu) least = trial;
  }
  return least;
}

export interface Trials {
  /** @returns undefined where the body is larger than the Worker reads */
  readonly run: (shape: Shape) => Promise<Trial | undefined>;
}

interface TrialOptions {
  readonly random: () => number;
  /** Units of work that a request may take; default as in a Worker. */
  readonly most?: number;
}

/** Makes requests out of shapes, and measures them. */
export function createTrials(index: LocalIndex, { random, most }: TrialOptions): Trials {
  const vocabulary = vocabularyOf(index);
  return {
    async run(shape) {
      const body = bodyOf(shape, vocabulary, index.forest.dimensions, random);
      if (isTooLarge(body, shape)) return undefined;
      return measure(index, shape, body, createWork(most));
    },
  };
}

async function measure(index: LocalIndex, shape: Shape, body: string, work: Work): Promise<Trial> {
  const read = startClock();
  let outcome = "200";
  let answer = "";
  try {
    answer = await answerTo(index, body, work);
  } catch (error) {
    if (!(error instanceof AnnoyEdgeError)) throw error;
    outcome = error.code;
    answer = error.message;
  }
  // A batch that was refused has searches under way, each up to its next count.
  await nextTurn();
  const cpu = read().cpu * 1000;
  const units = work.spent();
  return { shape, bodyBytes: body.length, cpu, units, outcome, answerBytes: answer.length };
}

async function answerTo(index: LocalIndex, body: string, work: Work): Promise<string> {
  const json: unknown = JSON.parse(body);
  const searcher = openSearcher(index, { work });
  if (typeof json === "object" && json !== null && "searches" in json) {
    return JSON.stringify(await searchBatchWith(searcher, parseBatchRequest(json)));
  }
  return JSON.stringify(await searchWith(searcher, parseSearchRequest(json)));
}

/** The most frequent words of the index, and every hundredth of the others. */
export function vocabularyOf({ keyword }: LocalIndex): Vocabulary {
  if (!keyword) return { frequent: [], rare: [] };
  const { dictionary } = keyword;
  const words: { readonly text: string; readonly documents: number }[] = [];
  const cursor = createCursor(dictionary);
  for (let alive = moveTo(cursor, 0); alive; alive = nextTerm(cursor)) {
    const text = cursorText(cursor);
    if (isStem(cursor) || !/^[a-z]+$/.test(text)) continue;
    words.push({ text, documents: readEntry(dictionary, cursor.term).documents });
  }
  words.sort((a, b) => b.documents - a.documents);
  const texts = words.map(({ text }) => text);
  const rare = texts.slice(40).filter((text, i) => i % 100 === 0 && text.length > 4);
  return { frequent: texts.slice(0, 40), rare: rare.length > 0 ? rare : texts };
}
