import type {
  DetailsRequest,
  Located,
  PassingRequest,
  ShardAnswers,
  ShardCall,
  ShardQuery,
} from "./types.ts";
import { type Outcome, openOutcome } from "./wire.ts";

/** Collects what simultaneous searches ask a shard, so that a round costs it one call however many they are. */
export interface Batcher {
  /**
   * Puts a question to a shard. It is sent once all searches wait.
   *
   * @throws what the call, or the shard about this question, failed with
   */
  put<T>(shard: number, question: Question<T>): Promise<T>;
  /** Says that one of the searches waits for answers. The last one to do so ends the round. */
  wait(): void;
  /** Announces searches that run at the same time; at first there is one. */
  addSearches(more: number): void;
  /** Says that one of them asks nothing more. */
  endSearch(): void;
}

/** Adds itself to a round; finds its answer among those of the round. */
export type Question<T> = (round: Round) => (answers: ShardAnswers) => Outcome<T> | undefined;

/** A shard answers the searches of a call one after the other; some take so long, in milliseconds. */
const SEARCH_MS = 50;

/** Milliseconds that a call of many searches may take longer than one of a single search. */
export function furtherMs({ ranks }: ShardCall): number {
  return SEARCH_MS * Math.max(0, ranks.length - 1);
}

interface Round {
  readonly ranks: ShardQuery[];
  readonly details: DetailsRequest[];
  readonly located: Located[];
  readonly passing: PassingRequest[];
}

interface Pending {
  readonly round: Round;
  readonly settle: ((answers: ShardAnswers) => void)[];
  readonly fail: ((error: unknown) => void)[];
}

/** Makes questions of a kind, whose answer stands at their own place among those of the kind. */
function askedAmong<Q, T>(
  questionsOf: (round: Round) => Q[],
  answersOf: (answers: ShardAnswers) => readonly Outcome<T>[] | undefined,
): (question: Q) => Question<T> {
  return (question) => (round) => {
    const at = questionsOf(round).push(question) - 1;
    return (answers) => answersOf(answers)?.[at];
  };
}

export const toRank = askedAmong(
  ({ ranks }) => ranks,
  ({ ranks }) => ranks,
);
export const toDetail = askedAmong(
  ({ details }) => details,
  ({ details }) => details,
);
export const toLocate = askedAmong(
  ({ located }) => located,
  ({ located }) => located,
);
export const toPass = askedAmong(
  ({ passing }) => passing,
  ({ passing }) => passing,
);

/** @param send asks a shard; called once a round for each that something was put to */
export function createBatcher(send: (shard: number, call: ShardCall) => Promise<ShardAnswers>): Batcher {
  let pending = new Map<number, Pending>();
  let searches = 1;
  let waiting = 0;
  const sendAll = (): void => {
    const all = pending;
    pending = new Map();
    waiting = 0;
    for (const [shard, { round, settle, fail }] of all) {
      send(shard, round).then(
        (answers) => {
          for (const one of settle) one(answers);
        },
        (error: unknown) => {
          for (const one of fail) one(error);
        },
      );
    }
  };
  return {
    put(shard, question) {
      const fresh: Pending = {
        round: { ranks: [], details: [], located: [], passing: [] },
        settle: [],
        fail: [],
      };
      const { round, settle, fail } = pending.get(shard) ?? fresh;
      pending.set(shard, { round, settle, fail });
      const answerAmong = question(round);
      return new Promise((resolve, reject) => {
        fail.push(reject);
        settle.push((answers) => {
          try {
            const answer = answerAmong(answers);
            if (!answer) throw new Error("A shard has answered fewer questions than it was asked.");
            resolve(openOutcome(answer));
          } catch (error) {
            reject(error);
          }
        });
      });
    },
    wait() {
      waiting++;
      if (waiting >= searches) sendAll();
    },
    addSearches(more) {
      searches += more;
    },
    endSearch() {
      searches--;
      if (waiting > 0 && waiting >= searches) sendAll();
    },
  };
}
