import { AnnoyEdgeError } from "../core/format/errors.ts";
import { retryAfter, sleep } from "../core/time/wait.ts";

/** Function that sends a call: `fetch`, or anything like it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface RequestOptions {
  readonly fetch?: Fetch | undefined;
  /** Milliseconds that one try may take, its body included. Default 60,000. */
  readonly timeout?: number | undefined;
  /** Further tries after 408, 429, 5xx and failures of the network. Default 5. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first further try; doubles with each. Default 500. */
  readonly backoff?: number | undefined;
  /** Longest wait between tries, in milliseconds; a `Retry-After` beyond it ends them. Default 60,000. */
  readonly maxWait?: number | undefined;
  /** Bytes of an answer at most. Default 256 MiB, far above what the vectors of one batch take. */
  readonly maxAnswerBytes?: number | undefined;
  /**
   * Takes what a service says of a refusal. The error's message is then without it: visitors read that, and services name
   * accounts and hosts.
   */
  readonly onRefusal?: ((said: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ServiceCall {
  /** Kind of service, for messages; default `embedder`. */
  readonly what?: string;
  /** Named in messages: `openai`. */
  readonly provider: string;
  readonly url: string;
  readonly body: unknown;
  readonly key?: string | undefined;
  /** Variable of the key, for the message when it is refused: `OPENAI_API_KEY`. */
  readonly keyName: string;
}

const MAX_ANSWER_BYTES = 256 << 20;

/** Settings of calls that a visitor waits for. What services say of a refusal is for the log. */
export const FOR_VISITORS: RequestOptions = {
  maxAnswerBytes: 4 << 20,
  onRefusal: (said) => console.error(said),
};

/**
 * Posts JSON to a service and gives the JSON of its answer, trying again where that may help: `Retry-After` (seconds or
 * a date) is obeyed, otherwise the wait doubles with some of it left to chance.
 *
 * @throws EmbeddingError
 */
export async function callService(call: ServiceCall, options: RequestOptions = {}): Promise<unknown> {
  refuseUnsendable(call);
  const { retries = 5, backoff = 500, maxWait = 60_000, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(call, options);
    if (!("error" in outcome)) return outcome.value;
    if (!outcome.retry || attempt > retries) throw outcome.error;
    const most = Math.min(maxWait, backoff * 2 ** (attempt - 1));
    const wait = outcome.retryAfter ?? most * (1 - Math.random() / 2);
    if (wait > maxWait) throw outcome.error;
    await sleep(wait, signal);
  }
}

/** Refuses an address that fetch would quote in its error, with the secret in it. */
function refuseUnsendable({ what = "embedder", provider, url, key, keyName }: ServiceCall): void {
  if (key && !/^[\x21-\x7e]+$/.test(key.trim())) {
    const message = `The ${what} ${provider} cannot send ${keyName}: it has a character that no key has, such as a line break or a typographic quote.`;
    throw new EmbeddingError("EMBEDDER_UNAUTHORIZED", message);
  }
  const { username = "", password = "" } = URL.canParse(url) ? new URL(url) : {};
  if (username || password) {
    const message = `The address of the ${what} ${provider} holds a user name or a password. Give a key in ${keyName} instead.`;
    throw new EmbeddingError("EMBEDDER_UNAUTHORIZED", message);
  }
}

type Outcome =
  | { readonly value: unknown }
  | { readonly error: EmbeddingError; readonly retry: boolean; readonly retryAfter?: number | undefined };

async function tryOnce(call: ServiceCall, options: RequestOptions): Promise<Outcome> {
  const { what = "embedder", provider, url, body, key } = call;
  const { timeout = 60_000, maxAnswerBytes = MAX_ANSWER_BYTES, signal } = options;
  const send: Fetch = options.fetch ?? ((u, init) => fetch(u, init));
  const late = AbortSignal.timeout(timeout);
  try {
    const response = await send(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key && { authorization: `Bearer ${key.trim()}` }) },
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    const text = await textOf(response, maxAnswerBytes);
    if (!response.ok) return refusal(call, response, text ?? "", options.onRefusal);
    if (text === undefined) return { error: notJson(call, "an answer that is too large"), retry: false };
    try {
      return { value: JSON.parse(text) };
    } catch {
      // A gateway's page in place of the answer: the next try may reach the service.
      return { error: notJson(call, "something that is not JSON"), retry: true };
    }
  } catch (cause) {
    if (signal?.aborted) throw cause;
    if (late.aborted) {
      const message = `The ${what} ${provider} did not answer within ${timeout} ms.`;
      return { error: new EmbeddingError("EMBEDDER_TIMEOUT", message, { cause }), retry: true };
    }
    const message = `The ${what} ${provider} was not reached at ${hostOf(url)}.`;
    return { error: new EmbeddingError("EMBEDDER_UNAVAILABLE", message, { cause }), retry: true };
  }
}

/** Reads a body as text; undefined, and no further, when it has more bytes. */
async function textOf({ body }: Response, most: number): Promise<string | undefined> {
  if (!body) return "";
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let left = most; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    left -= value.byteLength;
    if (left < 0) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

function refusal(
  call: ServiceCall,
  response: Response,
  text: string,
  onRefusal: RequestOptions["onRefusal"],
): Outcome {
  const { status } = response;
  const said = explanation(text, call.key);
  const by = `The ${call.what ?? "embedder"} ${call.provider} answered ${status}`;
  const told = `${by}${said && `: ${said}`}`;
  onRefusal?.(`${told}.`);
  const at = onRefusal ? by : told;
  if (status === 401 || status === 403) {
    // Not what it says: services quote parts of the key.
    const message = `${by}. Check ${call.keyName}.`;
    return { error: new EmbeddingError("EMBEDDER_UNAUTHORIZED", message, { status }), retry: false };
  }
  if (status === 429) {
    const error = new EmbeddingError("EMBEDDER_RATE_LIMITED", `${at}.`, { status });
    // OpenAI's word for an account without credit: waiting does not help.
    const retry = !text.includes("insufficient_quota");
    return { error, retry, retryAfter: retryAfter(response.headers.get("retry-after")) };
  }
  if (status === 408 || status >= 500) {
    const error = new EmbeddingError("EMBEDDER_UNAVAILABLE", `${at}.`, { status });
    return { error, retry: true, retryAfter: retryAfter(response.headers.get("retry-after")) };
  }
  return { error: new EmbeddingError("EMBEDDER_REJECTED", `${at}.`, { status }), retry: false };
}

/** Returns the service's explanation on one short line, without the key. */
function explanation(text: string, key: string | undefined): string {
  let said = text;
  try {
    const { error, errors, message } = JSON.parse(text) as Record<string, unknown>;
    const first: unknown = Array.isArray(errors) ? errors[0] : error;
    const inner =
      typeof first === "object" && first !== null ? (first as { message?: unknown }).message : first;
    const found = [inner, message].find((value) => typeof value === "string");
    if (typeof found === "string") said = found;
  } catch {
    if (/<html|<!doctype/i.test(text)) return "";
  }
  if (key) said = said.replaceAll(key, "***");
  return said.replace(/\s+/g, " ").trim().replace(/\.$/, "").slice(0, 300);
}

function notJson(call: ServiceCall, what: string): EmbeddingError {
  return new EmbeddingError(
    "BAD_EMBEDDING",
    `The ${call.what ?? "embedder"} ${call.provider} answered with ${what}.`,
  );
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "an address that is not a URL";
  }
}

export type EmbeddingErrorCode =
  /** The key is missing, wrong or may not do this. */
  | "EMBEDDER_UNAUTHORIZED"
  /** The service will never take this request. */
  | "EMBEDDER_REJECTED"
  | "EMBEDDER_RATE_LIMITED"
  | "EMBEDDER_UNAVAILABLE"
  | "EMBEDDER_TIMEOUT"
  /** It answered with something that is not the vectors asked for. */
  | "BAD_EMBEDDING"
  /** It is not the embedder that made the index's vectors. */
  | "EMBEDDER_MISMATCH";

/** A service that did not embed. Messages never hold a key. */
export class EmbeddingError extends AnnoyEdgeError {
  declare readonly code: EmbeddingErrorCode;
  /** HTTP status of the last answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(code: EmbeddingErrorCode, message: string, options: ErrorOptions & { status?: number } = {}) {
    super(code, message, options);
    this.name = "EmbeddingError";
    this.status = options.status;
  }
}
