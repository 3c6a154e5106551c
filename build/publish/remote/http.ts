import { setTimeout as sleep } from "node:timers/promises";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { retryAfter } from "../../../worker/core/time/wait.ts";

/** Attempts of a request before its failure is the caller's. Waits double from a quarter of a second. */
const ATTEMPTS = 7;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 30_000;
/** A service that asks for more patience than this is not waited for. */
const LONGEST_RETRY_AFTER_MS = 330_000;
const REQUEST_TIMEOUT_MS = 300_000;

/** Makes one request; called anew for each attempt, as a signature carries its time. */
export type Send = (signal: AbortSignal) => Promise<Response>;

/**
 * Sends until an answer is worth having: a failed connection, 408, 429 and 5xx are tried again, after `Retry-After` when the
 * service says so, after a doubling random wait otherwise.
 *
 * @throws AnnoyEdgeError `REMOTE_UNREACHABLE`, `REMOTE_RATE_LIMITED`; answers of any other status are returned
 */
export async function retrying(what: string, send: Send): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    let response: Response | undefined;
    let failure: unknown;
    try {
      response = await send(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
      if (!isTransient(response.status)) return response;
    } catch (error) {
      failure = error;
    }
    const wait =
      retryAfter(response?.headers.get("retry-after")) ??
      Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * jitter();
    if (attempt === ATTEMPTS || wait > LONGEST_RETRY_AFTER_MS) {
      if (!response) throw unreachable(what, failure);
      if (response.status !== 429) return response;
      throw new AnnoyEdgeError(
        "REMOTE_RATE_LIMITED",
        `${what}: Cloudflare asks to wait (429). Try again in ${Math.ceil(wait / 1000)} seconds; what was written stays and is found.`,
      );
    }
    // An unread body keeps its connection.
    await response?.body?.cancel();
    await sleep(wait);
  }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Half to all of a wait, so that several clients do not come back together. */
function jitter(): number {
  return 0.5 + Math.random() / 2;
}

function unreachable(what: string, cause: unknown): AnnoyEdgeError {
  const reason =
    cause instanceof Error ? (cause.cause instanceof Error ? cause.cause : cause).message : cause;
  return new AnnoyEdgeError(
    "REMOTE_UNREACHABLE",
    `${what}: no answer (${reason}). Check the connection and try again.`,
    {
      cause,
    },
  );
}
