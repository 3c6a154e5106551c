import { ClientError, errorOfAnswer } from "./errors.ts";
import { isRetryable, type RetryPolicy, sleep, waitBefore } from "./retry.ts";
import type {
  BatchResponse,
  DistanceResponse,
  DocumentResponse,
  HealthResponse,
  IndexesResponse,
  IndexResponse,
  ItemResponse,
  SearchInput,
  SearchResponse,
  SuggestOptions,
  SuggestResponse,
  WarmUpResponse,
} from "./types.ts";

/** Function that sends a call: `fetch`, or anything like it. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Name of the index, where the Worker serves several; default: the first. */
  readonly index?: string | undefined;
  /** `fetch` itself when left out. A service binding fits as it is: `fetch: env.SEARCH`. */
  readonly fetch?: Fetch | { fetch: Fetch } | undefined;
  /** Sent as `Authorization: Bearer …`. */
  readonly apiKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds that one try may take, its body included. Default 10,000. */
  readonly timeout?: number | undefined;
  /** Further tries after 429, 502, 503, 504 and failures of the network. Default 2. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first further try; doubles with each. Default 200. */
  readonly backoff?: number | undefined;
  /** A `Retry-After` beyond this many milliseconds is not waited for. Default 10,000. */
  readonly maxWait?: number | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The HTTP contract as functions. Each throws {@link ClientError}. */
export interface Client {
  search(input: SearchInput, options?: CallOptions): Promise<SearchResponse>;
  /** Up to 100 searches at once, answered from one version. */
  searchBatch(searches: readonly SearchInput[], options?: CallOptions): Promise<BatchResponse>;
  /** Texts that complete the one that is typed. */
  suggest(text: string, options?: SuggestOptions & CallOptions): Promise<SuggestResponse>;
  document(id: string, options?: CallOptions): Promise<DocumentResponse>;
  item(item: number, options?: CallOptions): Promise<ItemResponse>;
  distance(i: number, j: number, options?: CallOptions): Promise<DistanceResponse>;
  index(options?: CallOptions): Promise<IndexResponse>;
  /** The indexes that the Worker serves. */
  indexes(options?: CallOptions): Promise<IndexesResponse>;
  /** Makes the isolate that answers load the index. */
  warmUp(options?: CallOptions): Promise<WarmUpResponse>;
  health(options?: CallOptions): Promise<HealthResponse>;
  /** Tells the Worker that a reader followed the hit at this position, counted from 0, and nothing else. */
  selected(position: number, options?: CallOptions): Promise<void>;
}

/**
 * A client of the Worker at `url` (its origin, or the path that it is mounted under).
 *
 * ```ts
 * const client = createClient("https://search.example.com");
 * const { hits } = await client.search({ query: "a small dog", k: 10 });
 * ```
 */
export function createClient(url: string | URL, options: ClientOptions = {}): Client {
  const root = baseOf(url);
  const { index } = options;
  const base = `${root}/v1${index === undefined ? "" : `/indexes/${encodeURIComponent(index)}`}`;
  const call = caller(options);
  const get = <T>(path: string, { signal }: CallOptions = {}, from = base): Promise<T> =>
    call<T>(`${from}${path}`, { method: "GET" }, signal);
  const post = async <T>(path: string, body: unknown, { signal }: CallOptions = {}): Promise<T> =>
    call<T>(
      `${base}${path}`,
      { method: "POST", body: JSON.stringify(body, plain), headers: { "content-type": "application/json" } },
      signal,
    );
  // Told again after a failure, it might be counted twice.
  const tell = caller({ ...options, retries: 0 });
  return {
    search: (input, callOptions) => post("/search", input, callOptions),
    searchBatch: (searches, callOptions) => post("/search/batch", { searches }, callOptions),
    suggest: (text, { k, ...callOptions } = {}) =>
      get(
        `/suggest?${new URLSearchParams({ q: text, ...(k !== undefined && { k: String(k) }) })}`,
        callOptions,
      ),
    document: (id, callOptions) => get(`/documents/${encodeURIComponent(id)}`, callOptions),
    item: (item, callOptions) => get(`/items/${item}`, callOptions),
    distance: (i, j, callOptions) => get(`/items/${i}/distance/${j}`, callOptions),
    index: (callOptions) => get("/index", callOptions),
    warmUp: (callOptions) => get("/warm-up", callOptions),
    indexes: (callOptions) => get("/v1/indexes", callOptions, root),
    health: (callOptions) => get("/health", callOptions, root),
    selected: (position, { signal } = {}) =>
      tell<void>(`${base}/selections/${position}`, { method: "POST" }, signal),
  };
}

/** JSON has no typed arrays; vectors often are such. A filter goes whole or not at all. */
function plain(key: string, value: unknown): unknown {
  if (key === "filter" && value !== undefined) refuseLoss(value, key);
  else if (typeof value === "number") refuseLoss(value, key);
  return value instanceof Float32Array || value instanceof Float64Array ? Array.from(value) : value;
}

/** JSON leaves out what is undefined or a function, and writes NaN as null: a search would be wider than was meant. */
function refuseLoss(value: unknown, at: string): void {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) refuseLoss(inner, `${at}.${key}`);
  } else if (
    value === undefined ||
    typeof value === "function" ||
    (typeof value === "number" && !Number.isFinite(value))
  ) {
    const what = typeof value === "function" ? "a function" : String(value);
    throw new ClientError("NOT_JSON", `${at} is ${what}, which JSON cannot hold.`);
  }
}

function baseOf(url: string | URL): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new TypeError(
      `${String(url)} is not a URL; give the Worker's origin, such as https://search.example.com.`,
    );
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

function caller(options: ClientOptions) {
  const { fetch: given, timeout = 10_000 } = options;
  const apiKey = options.apiKey?.trim();
  // The error of fetch itself would quote it.
  if (apiKey && !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new TypeError(
      "apiKey has a character that no key has, such as a line break or a typographic quote.",
    );
  }
  const policy: RetryPolicy = {
    retries: options.retries ?? 2,
    backoff: options.backoff ?? 200,
    maxWait: options.maxWait ?? 10_000,
  };
  // Called as methods of their owners: a service binding and the global fetch both insist on it.
  const send: Fetch =
    typeof given === "object" ? (u, init) => given.fetch(u, init) : (given ?? ((u, init) => fetch(u, init)));
  const common: Record<string, string> = {
    accept: "application/json, application/problem+json",
    ...options.headers,
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
  };

  return async function call<T>(
    url: string,
    init: { method: string; body?: string; headers?: Record<string, string> },
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const answer = await tryOnce(
        send,
        url,
        { ...init, headers: { ...common, ...init.headers } },
        timeout,
        signal,
      );
      // The shape is the Worker's promise, which its contract tests keep.
      if (answer.ok) return answer.value as T;
      const wait = answer.retryable ? waitBefore(attempt, answer.retryAfter, policy) : undefined;
      if (wait === undefined) throw answer.error;
      await sleep(wait, signal);
    }
  };
}

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly error: ClientError;
      readonly retryable: boolean;
      readonly retryAfter: string | null;
    };

async function tryOnce(
  send: Fetch,
  url: string,
  init: RequestInit,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const late = AbortSignal.timeout(timeout);
  try {
    const response = await send(url, { ...init, signal: signal ? AbortSignal.any([signal, late]) : late });
    const text = await response.text();
    if (!response.ok) {
      return {
        ok: false,
        error: errorOfAnswer(response.status, text),
        retryable: isRetryable(response.status),
        retryAfter: response.headers.get("retry-after"),
      };
    }
    return { ok: true, value: response.status === 204 ? undefined : parse(text, response.status) };
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    if (signal?.aborted) throw new ClientError("ABORTED", "The call was aborted.", { cause });
    const error = late.aborted
      ? new ClientError("TIMEOUT", `The search service did not answer within ${timeout} ms.`, { cause })
      : new ClientError("NETWORK", "The search service was not reached.", { cause });
    return { ok: false, error, retryable: true, retryAfter: null };
  }
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ClientError("BAD_RESPONSE", "The search service answered with something that is not JSON.", {
      status,
      cause,
    });
  }
}
