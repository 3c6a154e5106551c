import type { Forest } from "../../forest/types.ts";
import { AnnoyEdgeError } from "../../format/errors.ts";
import { SearchError } from "../errors.ts";
import { type SearchOptions, timed } from "../timing.ts";
import type { LoadedIndex } from "../types.ts";
import { furtherMs, openDesk, toDetail, toLocate, toRank } from "./desk.ts";
import { createKnownItems, type KnownItem, type Parts } from "./known.ts";
import { mergeRankings } from "./merge.ts";
import { routeQuery } from "./route.ts";
import type { DetailsRequest, Located, ShardQuery, ShardRanking, ShardSet } from "./types.ts";

/** What one request has asked the shards, and what it knows of them. */
export interface ShardSession {
  /** Asks the shards that the query needs and merges what they say. */
  rank(query: ShardQuery): Promise<ShardRanking>;
  /** What is known of items, by item, after asking for these; those of shards that do not answer are missing. */
  details(wants: readonly DetailsRequest[]): Promise<ReadonlyMap<number, KnownItem>>;
  /** The item that is meant; undefined when no shard has it. Fails when one that might have it does not answer. */
  locate(wanted: Located): Promise<KnownItem | undefined>;
  /** Whether an item's shard has told all of this that there is, or may still tell it. */
  has(item: number, parts: Parts): boolean;
  /**
   * Lets so many more searches go on beside the one there is: what they ask a shard at a time is one call. Each says
   * when it asks nothing more.
   */
  together(more: number): { readonly leave: () => void };
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
        const known = await session.details([{ items, documents: true, vectors: false }]);
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
  const items = createKnownItems(set.readPlaced);
  const everyone = meta.list.map((_, i) => i);
  let ranked = false;
  // One and the same for all of a request: what it is asked first has then loaded its shard when it is asked again.
  const copy = Math.floor(Math.random() * (set.copies ?? 1));
  const reach = (index: number, which = copy) => set.shard(index, options.from, which);
  const desk = openDesk(async (index, call) => {
    try {
      return await within(patience && patience + furtherMs(call), reach(index).ask(call));
    } catch (error) {
      throw asFailure(error);
    }
  });

  /** Asks some shards, in the round to come; one that fails or takes too long is left out from then on. */
  const ask = async <T>(shards: readonly number[], put: (index: number) => Promise<T>): Promise<T[]> => {
    const answers = shards
      .filter((index) => !missing.has(index))
      .map(async (index): Promise<readonly [T] | readonly []> => {
        asked.add(index);
        try {
          return [await put(index)] as const;
        } catch (error) {
          // What is wrong with the request is wrong with it everywhere.
          if (error instanceof SearchError) throw error;
          missing.set(index, asFailure(error));
          return [] as const;
        }
      });
    if (answers.length > 0) desk.wait();
    const all = await Promise.all(answers);
    if (shards.length > 0 && all.every((answer) => answer.length === 0)) throw unavailable(missing);
    return all.flatMap((answer) => [...answer]);
  };

  const firstItemOf = (index: number): number => meta.list[index]!.firstItem;

  return {
    asked,
    missing,
    has: (item, parts) => {
      const home = items.homeOf(item);
      return items.has(item, parts) || (items.known.has(item) && home !== undefined && !missing.has(home));
    },
    together(more) {
      desk.join(more);
      return { leave: desk.leave };
    },
    rank: (query) =>
      timed("shards", options, async () => {
        const { near, rest, ...effort } = routeQuery(set, router, query);
        const rankFrom = (shards: readonly number[], aside: (index: number) => boolean) =>
          ask(shards, async (index) => {
            const own = { ...query, ...effort, ...(aside(index) && { nearest: false }) };
            const ranking = shift(await desk.put(index, toRank(own)), firstItemOf(index));
            for (const side of [ranking.vectors, ranking.words]) if (side) items.found(side.items, index);
            items.learn(ranking.shown ?? [], index, firstItemOf(index));
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

    async details(wants) {
      await items.readPlaced(wants);
      const parts = items.missingOf(wants, everyone);
      const ofShard = async (index: number): Promise<void> => {
        let requests = parts.get(index)!;
        // A call carries so much and no more.
        for (let first = true; requests.length > 0; first = false) {
          const answers = requests.map((request) => desk.put(index, toDetail(outward(request, index))));
          if (!first) desk.wait();
          const got = await Promise.all(answers);
          for (const { details } of got) items.learn(details, index, firstItemOf(index));
          requests = requests.flatMap((request, i) => {
            const rest = got[i]!.rest.map((item) => item + firstItemOf(index));
            return rest.length > 0 ? [{ ...request, items: rest }] : [];
          });
        }
      };
      const outward = (request: DetailsRequest, index: number): DetailsRequest => ({
        ...request,
        items: request.items.map((item) => item - firstItemOf(index)),
      });
      await ask([...parts.keys()], ofShard).catch((error: unknown) => {
        // Hits of a shard that has fallen silent since are missing; an item that was asked for by itself must not be.
        if (!ranked || error instanceof SearchError) throw error;
      });
      const lacking = wants.some(({ items: wanted }) => wanted.some((item) => !items.known.has(item)));
      if (!ranked && missing.size > 0 && lacking) throw unavailable(missing);
      return items.known;
    },

    async locate(wanted) {
      const known = "item" in wanted ? items.known.get(wanted.item) : undefined;
      if (known?.vector) return known;
      const reachable = everyone.filter((index) => !("item" in wanted) || wanted.item >= firstItemOf(index));
      // The first that has it answers for all: the others need not be waited for.
      return new Promise((resolve, reject) => {
        const asking = ask(reachable, async (index) => {
          const own = "item" in wanted ? { item: wanted.item - firstItemOf(index) } : wanted;
          const answer = await desk.put(index, toLocate(own));
          if (!answer) return;
          items.learn([answer], index, firstItemOf(index));
          resolve(items.known.get(answer.item + firstItemOf(index)));
        });
        asking.then(() => {
          if (missing.size === 0) resolve(undefined);
          else reject(unavailable(missing));
        }, reject);
      });
    },

    async wake() {
      const nothing = { ranks: [], details: [], located: [] };
      const copies = Array.from({ length: set.copies ?? 1 }, (_, which) => which);
      await timed("shards", options, () =>
        ask(everyone, async (index) => {
          const loading = copies.map((which) => reach(index, which).ask(nothing));
          await within(patience, Promise.all(loading));
        }),
      );
    },
  };
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
