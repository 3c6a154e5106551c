import type { Forest } from "../../forest/types.ts";
import { AnnoyEdgeError } from "../../format/errors.ts";
import { SearchError } from "../errors.ts";
import { type SearchOptions, timed } from "../timing.ts";
import type { LoadedIndex } from "../types.ts";
import { mergeRankings } from "./merge.ts";
import { routeQuery } from "./route.ts";
import type { ItemDetails, Located, Shard, ShardQuery, ShardRanking, ShardSet } from "./types.ts";

/** What one request has asked the shards, and what it knows of them. */
export interface ShardSession {
  /** Asks the shards that the query needs and merges what they say. */
  rank(query: ShardQuery): Promise<ShardRanking>;
  /** What is known of items, by item; those of shards that do not answer are missing. */
  details(
    items: readonly number[],
    parts: { readonly documents?: boolean; readonly vectors?: boolean },
  ): Promise<ReadonlyMap<number, ItemDetails>>;
  /** The item that is meant; undefined when no shard has it. Fails when one that might have it does not answer. */
  locate(wanted: Located): Promise<{ readonly item: number; readonly vector?: Float32Array } | undefined>;
  /** Has all copies of every shard load what they hold. Fails when none does. */
  wake(): Promise<void>;
  /** Shards that have been asked, and those of them that did not answer. */
  readonly asked: ReadonlySet<number>;
  readonly missing: ReadonlyMap<number, AnnoyEdgeError>;
}

/** How many shards have been asked, and how many of those answered. */
export function countShards({ asked, missing }: Pick<ShardSession, "asked" | "missing">): {
  asked: number;
  answered: number;
} {
  return { asked: asked.size, answered: asked.size - missing.size };
}

/** An index as one request uses it: with a conversation of its own, where it is cut into shards and has none yet. */
export function forRequest<T extends LoadedIndex>(index: T, options: SearchOptions): T {
  if (!index.shards || index.session) return index;
  const session = openSession(index.shards, index.forest, options);
  return {
    ...index,
    session,
    docstore: {
      async getItems(items: readonly number[]) {
        const known = await session.details(items, { documents: true });
        return items.map((item) => {
          const { id, pageContent, metadata } = known.get(item) ?? {};
          return id === undefined || pageContent === undefined
            ? undefined
            : { id, pageContent, metadata: metadata ?? {} };
        });
      },
    },
  };
}

function openSession(set: ShardSet, router: Forest, options: SearchOptions): ShardSession {
  const { meta, patience } = set;
  const asked = new Set<number>();
  const missing = new Map<number, AnnoyEdgeError>();
  /** The shard that an item was heard of from. */
  const homes = new Map<number, number>();
  const known = new Map<number, ItemDetails>();
  const everyone = meta.list.map((_, i) => i);
  let ranked = false;
  // One and the same for all of a request: what it is asked first has then loaded its shard when it is asked again.
  const copy = Math.floor(Math.random() * (set.copies ?? 1));

  /** Asks some shards at once; one that fails or takes too long is left out from then on. */
  const ask = async <T>(
    shards: readonly number[],
    call: (shard: Shard, firstItem: number, index: number) => Promise<T>,
  ): Promise<T[]> => {
    const answers = await Promise.all(
      shards
        .filter((index) => !missing.has(index))
        .map(async (index): Promise<readonly [T] | readonly []> => {
          asked.add(index);
          try {
            const shard = set.shard(index, options.from, copy);
            const answer = call(shard, meta.list[index]!.firstItem, index);
            return [await within(patience, answer)] as const;
          } catch (error) {
            // What is wrong with the request is wrong with it everywhere.
            if (error instanceof SearchError) throw error;
            missing.set(index, asFailure(error));
            return [] as const;
          }
        }),
    );
    if (shards.length > 0 && answers.every((answer) => answer.length === 0)) throw unavailable(missing);
    return answers.flatMap((answer) => [...answer]);
  };

  const remember = (items: readonly number[], shard: number) => {
    for (const item of items) homes.set(item, shard);
  };

  return {
    asked,
    missing,
    rank: (query) =>
      timed("shards", options, async () => {
        const { near, rest, ...effort } = routeQuery(set, router, query);
        const rankFrom = (shards: readonly number[], aside: (index: number) => boolean) =>
          ask(shards, async (shard, firstItem, index) => {
            const own = { ...query, ...effort, ...(aside(index) && { nearest: false }) };
            const ranking = shift(await shard.rank(own), firstItem);
            for (const side of [ranking.vectors, ranking.words]) if (side) remember(side.items, index);
            return ranking;
          });
        const routed = [...near, ...rest];
        const rankings = await rankFrom(routed, (index) => !near.includes(index)).catch((error: unknown) => {
          // What is next nearest is better than no answer.
          const others = everyone.filter((index) => !routed.includes(index));
          if (others.length === 0 || error instanceof SearchError) throw error;
          return rankFrom(others, () => false);
        });
        ranked = true;
        return mergeRankings(router.metric, rankings, query.k);
      }),

    async details(items, { documents = false, vectors = false }) {
      const wanted = [...new Set(items)].filter((item) => !isKnown(known.get(item), documents, vectors));
      const parts = new Map<number, number[]>();
      for (const item of wanted) {
        const home = homes.get(item);
        for (const index of home === undefined ? everyone : [home]) {
          const part = parts.get(index) ?? [];
          parts.set(index, part);
          part.push(item);
        }
      }
      const answers = ask([...parts.keys()], async (shard, firstItem, index) => {
        const own = parts.get(index)!.map((item) => item - firstItem);
        const found = await shard.details({ items: own, documents, vectors });
        for (const one of found) {
          // An id that is only the number is told as the whole index's.
          const item = one.item + firstItem;
          const id = one.id === String(one.item) ? String(item) : one.id;
          known.set(item, { ...known.get(item), ...one, item, id });
          homes.set(item, index);
        }
        return true;
      });
      await answers.catch((error: unknown) => {
        // Hits of a shard that has fallen silent since are missing; an item that was asked for by itself must not be.
        if (!ranked || error instanceof SearchError) throw error;
      });
      if (!ranked && missing.size > 0 && wanted.some((item) => !known.has(item))) throw unavailable(missing);
      return known;
    },

    locate: (wanted) =>
      // The first that has it answers for all: the others need not be waited for.
      new Promise((resolve, reject) => {
        const asking = ask(everyone, async (shard, firstItem, index) => {
          if ("item" in wanted && wanted.item < firstItem) return;
          const answer = await shard.locate("item" in wanted ? { item: wanted.item - firstItem } : wanted);
          if (!answer) return;
          const item = answer.item + firstItem;
          remember([item], index);
          resolve({ ...answer, item });
        });
        asking.then(() => {
          if (missing.size === 0) resolve(undefined);
          else reject(unavailable(missing));
        }, reject);
      }),

    async wake() {
      await timed("shards", options, () =>
        ask(everyone, (_, __, index) => {
          const copies = Array.from({ length: set.copies ?? 1 }, (_, copy) =>
            set.shard(index, options.from, copy),
          );
          const nothing = { items: [], documents: false, vectors: false };
          return Promise.all(copies.map((copy) => copy.details(nothing)));
        }),
      );
    },
  };
}

function isKnown(details: ItemDetails | undefined, documents: boolean, vectors: boolean): boolean {
  if (!details) return false;
  return (!documents || details.pageContent !== undefined) && (!vectors || details.vector !== undefined);
}

function shift(ranking: ShardRanking, firstItem: number): ShardRanking {
  if (firstItem === 0) return ranking;
  const moved = <T extends { readonly items: readonly number[] }>(side: T): T => ({
    ...side,
    items: side.items.map((item) => item + firstItem),
  });
  const { vectors, words } = ranking;
  return { ...ranking, ...(vectors && { vectors: moved(vectors) }), ...(words && { words: moved(words) }) };
}

async function within<T>(patience: number | undefined, answer: Promise<T>): Promise<T> {
  if (patience === undefined) return answer;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AnnoyEdgeError("SHARD_TIMEOUT", `A shard did not answer within ${patience} ms.`));
    }, patience);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
    // It may fail long after nobody listens any more.
    answer.catch(() => {});
  }
}

function asFailure(error: unknown): AnnoyEdgeError {
  if (error instanceof AnnoyEdgeError) return error;
  return new AnnoyEdgeError("SHARD_FAILED", "A shard could not be reached.", { cause: error });
}

function unavailable(missing: ReadonlyMap<number, AnnoyEdgeError>): AnnoyEdgeError {
  const [first] = [...missing];
  const why = first ? ` Shard ${first[0]}: ${first[1].message}` : "";
  return new AnnoyEdgeError("SHARDS_UNAVAILABLE", `The index's shards do not answer. Try again.${why}`, {
    cause: first?.[1],
  });
}
