import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { OptionError } from "../settings/errors.ts";

/** Body that a webhook gets when a rebuild fails. `text` is the field that Slack, Mattermost and Google Chat show. */
export interface FailureNotice {
  readonly text: string;
  readonly event: "annoy-edge-rebuild-failed";
  /** Empty when the configuration could not be loaded. */
  readonly index: string;
  readonly code: string;
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

const TIMEOUT_MS = 10_000;

/** Types are gone when a configuration is read. @throws OptionError */
export function checkNotify(notify: unknown): void {
  if (notify === undefined) return;
  const url = typeof notify === "string" && URL.canParse(notify) ? new URL(notify) : undefined;
  if (url && (url.username || url.password)) {
    throw new OptionError("notify has a user name or a password in its address, which cannot be sent.");
  }
  if (url && /^https?:$/.test(url.protocol)) return;
  throw new OptionError("notify must be the address of a webhook: https://...");
}

/** Receiver of a notice, as far as it is known when the rebuild fails. */
export interface NoticeTarget {
  hook: string | undefined;
  index: string;
  /** Receives what kept the notice from being delivered. */
  readonly onTrouble: (why: string) => void;
}

/**
 * Runs a rebuild; when it fails, posts what went wrong to the webhook first. The failure stays what it was, whatever the
 * webhook answers.
 *
 * @param target read when the rebuild has failed
 * @param isFailure reads a failure out of a result that is no error
 */
export async function notifying<R>(
  target: NoticeTarget,
  isFailure: (result: R) => string | undefined,
  run: () => Promise<R>,
): Promise<R> {
  const send = async (code: string, message: string) => {
    const { hook, index, onTrouble } = target;
    if (hook === undefined) return;
    const what = index === "" ? "a rebuild" : `the rebuild of "${index}"`;
    const text = `annoy-edge: ${what} failed (${code}): ${message}`;
    const at = new Date().toISOString();
    const notice: FailureNotice = { text, event: "annoy-edge-rebuild-failed", index, code, message, at };
    const why = await post(hook, notice);
    if (why) onTrouble(`The webhook for failures was not reached: ${why}.`);
  };
  let result: R;
  try {
    result = await run();
  } catch (error) {
    const code = error instanceof AnnoyEdgeError ? error.code : "UNEXPECTED";
    await send(code, error instanceof Error ? error.message : String(error));
    throw error;
  }
  const failure = isFailure(result);
  if (failure !== undefined) await send("REJECTED", failure);
  return result;
}

/** Why a notice was not delivered; undefined when it was. */
async function post(url: string, notice: FailureNotice): Promise<string | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(notice),
      // A redirect of a POST is followed by a GET without the notice.
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it answered ${response.status}`;
  } catch (error) {
    // fetch itself says no more than that it failed.
    const { cause, message } = error instanceof Error ? error : new Error(String(error));
    return cause instanceof Error ? cause.message : message;
  }
}
