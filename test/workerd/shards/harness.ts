import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { inject } from "vitest";
import { compose, type Env } from "../../../worker/app.ts";
import type { LoadedIndex } from "../../../worker/core/search/loaded-index.ts";
import { openShard } from "../../../worker/core/search/shards/local.ts";
import type { Shard } from "../../../worker/core/search/shards/types.ts";
import type { ObjectId, ShardNamespace } from "../../../worker/shards/address.ts";
import type { IndexShard } from "../../../worker/shards/object.ts";
import { createPageCache } from "../../../worker/storage/documents/cache.ts";
import { loadShard, loadVersion } from "../../../worker/storage/load.ts";
import { openPublished } from "../../../worker/storage/published.ts";
import { readPointer } from "../../../worker/storage/versions.ts";
import { letters, letterVector } from "../../seed/corpus.ts";
import { ORIGIN } from "../contract.ts";
import { put } from "../seed.ts";

/** The indexes that `test/seed/shards.ts` cut up, and "service" and "demo", which are whole. */
export async function seedShards(): Promise<void> {
  const { objects, pages } = inject("published");
  const whole = <T extends { readonly key: string }>(list: readonly T[]): T[] =>
    list.filter(({ key }) => /^(?:service|demo)\//.test(key));
  await put({ objects: whole(objects), pages: whole(pages) });
  await put(inject("shards").snapshot);
}

/** Workers AI runs in Cloudflare's network only; this stands in for the binding. */
export const AI = {
  run: async (_: string, { text }: Record<string, unknown>) => ({
    data: (text as string[]).map(letterVector),
  }),
};

export type Ask = (path: string, init?: RequestInit<CfProperties>) => Promise<Response>;

/** A Worker with these bindings and variables in place of the usual ones. */
export function worker(settings: Partial<Env>): Ask {
  const { SHARDS, ...rest } = env;
  const bindings: Env = { ...rest, SHARDS, AI, INDEX_NAME: "shards", ANSWER_CACHE: "off", ...settings };
  const app = compose(bindings);
  return async (path, init) => {
    const context = createExecutionContext();
    const response = await app.fetch(new Request(`${ORIGIN}${path}`, init), bindings, context);
    await waitOnExecutionContext(context);
    return response;
  };
}

export interface Call {
  /** `<index>/<version>/<shard>/<region>/<replica>` */
  readonly name: string;
  readonly shard: number;
  readonly region: string;
  readonly replica: number;
  /** Kind of the first question: a call may carry several. */
  readonly method: "rank" | "details" | "locate" | "pass" | "wake";
  /** Number of questions of each kind. */
  readonly questions: Readonly<Record<"ranks" | "details" | "located" | "passing", number>>;
  /** Number of earlier calls of this object with the same method. */
  readonly nth: number;
  /** Outcome: a code where the object refused, a message where the call broke. */
  outcome?: string;
}

type During = () => Promise<void>;

/**
 * The real objects, with somebody in between: `before` receives each call before it is made, and may hold it up, fail
 * it, or return what is to happen while it is under way.
 */
export function watched(
  before: (call: Call) => Promise<void> | During | undefined | void,
): ShardNamespace & { readonly calls: readonly Call[] } {
  const names = new Map<string, string>();
  const calls: Call[] = [];
  return {
    calls,
    idFromName(name) {
      const id = env.SHARDS.idFromName(name);
      names.set(String(id), name);
      return id;
    },
    get(id, options) {
      const name = names.get(String(id)) ?? "";
      const [, , shard, region = "", replica] = name.split("/");
      const object = env.SHARDS.get(id, options);
      return {
        async ask(address, asked) {
          const questions = {
            ranks: asked.ranks.length,
            details: asked.details.length,
            located: asked.located.length,
            passing: asked.passing?.length ?? 0,
          };
          const method = methodOf(questions);
          const nth = calls.filter((one) => one.name === name && one.method === method).length;
          const call: Call = {
            ...{ name, shard: Number(shard), region, replica: Number(replica) },
            ...{ method, questions, nth },
          };
          calls.push(call);
          try {
            const during = await before(call);
            const answer = object.ask(address, asked);
            if (during) await Promise.allSettled([answer, during()]);
            const outcome = await answer;
            call.outcome = outcome.ok ? "ok" : outcome.code;
            return outcome;
          } catch (error) {
            call.outcome = String(error);
            throw error;
          }
        },
      };
    },
  };
}

function methodOf({ ranks, details, located, passing }: Call["questions"]): Call["method"] {
  if (ranks > 0) return "rank";
  if (located > 0) return "locate";
  if (passing > 0) return "pass";
  return details > 0 ? "details" : "wake";
}

/** Bindings by which a Worker reads no document itself; the objects have theirs and read on. */
export function withoutPages(): Pick<Env, "DOCUMENTS" | "INDEXES"> {
  const failing = async (): Promise<never> => {
    throw new Error("storage is down");
  };
  return {
    DOCUMENTS: new Proxy(env.DOCUMENTS, { get: () => failing }),
    INDEXES: new Proxy(env.INDEXES, {
      get(bucket, name) {
        const value: unknown = Reflect.get(bucket, name);
        if (typeof value !== "function") return value;
        return (key: unknown, ...rest: unknown[]) =>
          String(key).includes("/packs/") ? failing() : value.call(bucket, key, ...rest);
      },
    }),
  };
}

/** The object of a shard as tests get at it, which the Worker's own types do not show. */
export function objectOf(name: string): DurableObjectStub<IndexShard> {
  const id: ObjectId = env.SHARDS.idFromName(name);
  return env.SHARDS.get(id) as unknown as DurableObjectStub<IndexShard>;
}

/** Stops an object, whatever it is doing. */
export async function stop(name: string): Promise<void> {
  await runInDurableObject(objectOf(name), (_, state) => state.abort("stopped by a test")).catch(() => {});
}

/** A sharded index with its shards in this process: the same files, no Durable Object. */
export async function inProcess(name: string): Promise<LoadedIndex> {
  const source = { name, bucket: env.INDEXES };
  const reading = await readPointer(source, undefined);
  if (!reading.changed || !reading.pointer.lengths) throw new Error(`${name} is not published`);
  const { version, lengths } = reading.pointer;
  const bindings = { kv: env.DOCUMENTS, bucket: env.INDEXES, pages: createPageCache() };
  const { parts } = await loadVersion(source, version, lengths, { onProgress: () => {} });
  const local: Shard[] = [];
  for (const [number, shard] of parts.artifact.meta.shards!.list.entries()) {
    const loaded = await loadShard(source, version, { number, version: shard.version }, () => {});
    local.push(openShard(openPublished(loaded.parts, bindings)));
  }
  const embedder = {
    identity: parts.artifact.meta.embedder!,
    ...letters,
  };
  return openPublished(parts, bindings, {
    createEmbedder: () => embedder,
    shards: { shard: (i) => local[i]! },
  });
}
