import { within } from "../core/time/wait.ts";
import { HttpError } from "./problems.ts";
import type { Middleware } from "./types.ts";

/**
 * Milliseconds that an answer may take, over HTTP and over a service binding. Longer than a cold load may take (25 s), so
 * that its own, more telling error comes first.
 */
export const REQUEST_TIMEOUT = 30_000;

/** Answers with a problem when the rest takes longer than `milliseconds`: a request never hangs. */
export function timeLimit(milliseconds: number): Middleware {
  return async function timeLimit(_, next) {
    await within(next(), milliseconds, () => {
      const message = `The answer took longer than ${milliseconds / 1000} s. Try again.`;
      throw new HttpError("TIMEOUT", message, { "retry-after": "5" });
    });
  };
}
