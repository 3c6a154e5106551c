import type { Reranker } from "../core/embedding/types.ts";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { within } from "../core/time/wait.ts";
import { callService, type Fetch, FOR_VISITORS } from "./request.ts";
import type { AiBinding } from "./workers-ai.ts";

/** Bindings, secrets and variables of a reranker. */
export interface RerankerBindings {
  readonly AI?: AiBinding | undefined;
  /** `workers-ai:<model>`, or the address of a service that speaks the rerank API of Cohere and Jina. */
  readonly RERANKER?: string | undefined;
  /** Model that the service is asked for. */
  readonly RERANKER_MODEL?: string | undefined;
  readonly RERANKER_API_KEY?: string | undefined;
  /** Order without it after so many seconds; default 1. */
  readonly RERANKER_TIMEOUT_SECONDS?: string | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 1;
const WORKERS_AI = "workers-ai:";
const DEFAULT_MODEL = "@cf/baai/bge-reranker-base";

type Ask = (query: string, texts: readonly string[]) => Promise<unknown>;

/**
 * The reranker that is set up; undefined where there is none.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION` naming the variable that makes no sense
 */
export function createReranker(bindings: RerankerBindings, fetch?: Fetch): Reranker | undefined {
  const { RERANKER } = bindings;
  if (!RERANKER) return undefined;
  const timeout = timeoutOf(bindings) * 1000;
  if (RERANKER === "workers-ai" || RERANKER.startsWith(WORKERS_AI)) {
    const model = RERANKER.slice(WORKERS_AI.length) || DEFAULT_MODEL;
    const { AI } = bindings;
    if (!AI) throw badConfiguration("RERANKER names Workers AI, and there is no binding AI.");
    return limited(`workers-ai (${model})`, timeout, (query, texts) =>
      AI.run(model, { query, contexts: texts.map((text) => ({ text })), top_k: texts.length }),
    );
  }
  if (!/^https?:/.test(RERANKER) || !URL.canParse(RERANKER)) {
    throw badConfiguration(`RERANKER must be ${WORKERS_AI}<model> or an address that begins with http.`);
  }
  const { RERANKER_MODEL: model, RERANKER_API_KEY: key } = bindings;
  const call = (query: string, documents: readonly string[]) => ({
    ...{
      provider: new URL(RERANKER).host,
      what: "reranker",
      url: RERANKER,
      key,
      keyName: "RERANKER_API_KEY",
    },
    body: { ...(model && { model }), query, documents, top_n: documents.length, return_documents: false },
  });
  return limited(new URL(RERANKER).host, timeout, (query, texts) =>
    callService(call(query, texts), { ...FOR_VISITORS, fetch, timeout, retries: 0 }),
  );
}

function timeoutOf({ RERANKER_TIMEOUT_SECONDS: text }: RerankerBindings): number {
  const seconds = text ? Number(text) : DEFAULT_TIMEOUT_SECONDS;
  if (seconds > 0 && Number.isFinite(seconds)) return seconds;
  throw badConfiguration("RERANKER_TIMEOUT_SECONDS must be a positive number.");
}

function badConfiguration(what: string): AnnoyEdgeError {
  return new AnnoyEdgeError("BAD_CONFIGURATION", `The variable ${what}`);
}

function limited(name: string, timeout: number, ask: Ask): Reranker {
  return {
    name,
    async scores(query, texts) {
      const late = (): never => {
        throw failed(`The reranker ${name} did not answer within ${timeout} ms.`);
      };
      let answer: unknown;
      try {
        answer = await within(ask(query, texts), timeout, late);
      } catch (cause) {
        if (cause instanceof AnnoyEdgeError) throw cause;
        throw failed(`The reranker ${name} failed.`, cause);
      }
      const scores = scoresOf(answer, texts.length);
      if (!scores) throw failed(`The reranker ${name} did not answer with a score for each text.`);
      return scores;
    },
  };
}

function failed(message: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError("RERANKER_FAILED", message, { cause });
}

/** Scores by text, of the forms that services have: a list, or one in `results`, `data` or `response`. */
function scoresOf(answer: unknown, count: number): number[] | undefined {
  const { results, data, response } = (answer ?? {}) as Record<string, unknown>;
  const list: unknown = [answer, results, data, response].find(Array.isArray);
  if (!Array.isArray(list)) return undefined;
  const scores = new Map<number, number>();
  for (const entry of list as readonly Record<string, unknown>[]) {
    const index = entry?.index ?? entry?.id;
    const score = entry?.relevance_score ?? entry?.score;
    if (typeof index === "number" && typeof score === "number" && Number.isFinite(score)) {
      scores.set(index, score);
    }
  }
  const all = Array.from({ length: count }, (_, i) => scores.get(i));
  return all.every((score) => score !== undefined) ? all : undefined;
}
