import { ClientError } from "./errors.ts";

export interface RetryPolicy {
  /** Further tries after the first. */
  readonly retries: number;
  /** Milliseconds before the first further try; doubles with each. */
  readonly backoff: number;
  /** A `Retry-After` beyond this many milliseconds is not waited for. */
  readonly maxWait: number;
}

/** Statuses that say "later": too many requests, nothing to answer with at the moment, and gateways that heard nothing. */
export function isRetryable(status: number): boolean {
  return status === 429 || (status >= 502 && status <= 504);
}

/**
 * Milliseconds to wait before try number `attempt` (1 is the first repetition), or undefined when waiting is no use.
 * `Retry-After` (seconds or a date) is obeyed; without it the wait doubles, with up to half of it left to chance so
 * that clients who failed together do not come back together.
 */
export function waitBefore(
  attempt: number,
  retryAfter: string | null,
  policy: RetryPolicy,
  random: () => number = Math.random,
): number | undefined {
  if (attempt > policy.retries) return undefined;
  const asked = parseRetryAfter(retryAfter);
  if (asked !== undefined) return asked <= policy.maxWait ? asked : undefined;
  const most = Math.min(policy.maxWait, policy.backoff * 2 ** (attempt - 1));
  return most * (1 - random() / 2);
}

function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Waits, unless the signal ends the waiting. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(new ClientError("ABORTED", "The call was aborted.", { cause: signal?.reason }));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
