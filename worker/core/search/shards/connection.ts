import { AnnoyEdgeError } from "../../format/errors.ts";
import { SearchError } from "../../format/search-error.ts";
import type { SearchOptions } from "../searcher.ts";
import { type Batcher, createBatcher, furtherMs } from "./batcher.ts";
import type { ShardSet } from "./types.ts";

/** One request's connection to the shards of a version. */
export interface ShardConnection extends Pick<Batcher, "put" | "wait" | "addSearches" | "endSearch"> {
  /** Shards that have been asked, and those of them that did not answer. */
  readonly asked: ReadonlySet<number>;
  readonly missing: ReadonlyMap<number, AnnoyEdgeError>;
  /** All shards, by number. */
  readonly everyone: readonly number[];
  /**
   * Asks some shards, in the next round; one that fails or takes too long is left out from then on.
   *
   * @param put asks one of them, by `put` and `wait`
   * @throws AnnoyEdgeError `SHARDS_UNAVAILABLE` when none answers; SearchError when the request is wrong
   */
  ask<T>(shards: readonly number[], put: (shard: number) => Promise<T>): Promise<T[]>;
  /** Has all copies of every shard load what they hold. Fails when none does. */
  wake(): Promise<void>;
}

export function connectTo(set: ShardSet, options: SearchOptions): ShardConnection {
  const { timeLimit } = set;
  const asked = new Set<number>();
  const missing = new Map<number, AnnoyEdgeError>();
  const everyone = set.meta.list.map((_, i) => i);
  // The same for all of a request: the copy that is asked first has loaded its shard when it is asked again.
  const copy = Math.floor(Math.random() * (set.copies ?? 1));
  const reach = (shard: number, which = copy) => set.shard(shard, options.from, which);
  const { work } = options;
  /** Units of work that each shard has done. The limit holds for each, and for the asking side: they are isolates of their own. */
  const spent = new Map<number, number>();
  const leftOf = (shard: number) => work && Math.max(0, work.most - (spent.get(shard) ?? 0));
  const batcher = createBatcher(async (shard, questions) => {
    try {
      const call = { ...questions, left: leftOf(shard) };
      const answers = await within(timeLimit && timeLimit + furtherMs(call), reach(shard).ask(call));
      spent.set(shard, (spent.get(shard) ?? 0) + (answers.spent ?? 0));
      return answers;
    } catch (error) {
      throw asFailure(error);
    }
  });

  const ask = async <T>(shards: readonly number[], put: (shard: number) => Promise<T>): Promise<T[]> => {
    const answers = shards
      .filter((shard) => !missing.has(shard))
      .map(async (shard): Promise<readonly [T] | readonly []> => {
        asked.add(shard);
        try {
          return [await put(shard)] as const;
        } catch (error) {
          // What is wrong with the request is wrong with it everywhere.
          if (error instanceof SearchError) throw error;
          missing.set(shard, asFailure(error));
          return [] as const;
        }
      });
    if (answers.length > 0) batcher.wait();
    const all = await Promise.all(answers);
    if (shards.length > 0 && all.every((answer) => answer.length === 0)) throw unavailable(missing);
    return all.flatMap((answer) => [...answer]);
  };

  return {
    asked,
    missing,
    everyone,
    ask,
    ...batcher,
    async wake() {
      const nothing = { ranks: [], details: [], located: [] };
      const copies = Array.from({ length: set.copies ?? 1 }, (_, which) => which);
      await ask(everyone, async (shard) => {
        const loading = copies.map((which) => reach(shard, which).ask(nothing));
        await within(timeLimit, Promise.all(loading));
      });
    },
  };
}

async function within<T>(timeLimit: number | undefined, answer: Promise<T>): Promise<T> {
  if (timeLimit === undefined) return answer;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AnnoyEdgeError("SHARD_TIMEOUT", `A shard did not answer within ${timeLimit} ms.`));
    }, timeLimit);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
    // It may fail long after the race is over.
    answer.catch(() => {});
  }
}

function asFailure(error: unknown): AnnoyEdgeError {
  if (error instanceof AnnoyEdgeError) return error;
  return new AnnoyEdgeError("SHARD_FAILED", "A shard could not be reached.", { cause: error });
}

/** The error of a request that the shards have left without an answer. */
export function unavailable(missing: ReadonlyMap<number, AnnoyEdgeError>): AnnoyEdgeError {
  const [first] = [...missing];
  const why = first ? ` Shard ${first[0]}: ${first[1].message}` : "";
  return new AnnoyEdgeError("SHARDS_UNAVAILABLE", `The index's shards do not answer. Try again.${why}`, {
    cause: first?.[1],
  });
}
