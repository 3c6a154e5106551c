import { AnnoyEdgeError } from "../core/format/errors.ts";
import { type Outcome, openOutcome } from "../core/search/shards/wire.ts";

export interface AttemptOptions {
  /** Whether a further attempt goes to another copy; else it goes to the same one, which may have been restarted. */
  readonly elsewhere: boolean;
  /** After so many milliseconds without an answer another copy is asked as well. */
  readonly hedgeMs: number;
}

/**
 * Asks once, and once more where that may help: at once when the first attempt fails, after a while when it is slow and
 * there is another copy. The first good answer counts.
 *
 * What the shard says about the request itself (a filter that does not fit) is its answer and not a failure of it.
 *
 * @throws what the first attempt failed with, when the second one fails too
 */
export function attempted<T>(
  call: (attempt: 0 | 1) => Promise<Outcome<T>>,
  { elsewhere, hedgeMs }: AttemptOptions,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let pending = 1;
    let again = false;
    let failure: unknown;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = (): void => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    };
    const secondAttempt = (): void => {
      stop();
      if (again) return;
      again = true;
      pending++;
      start(1);
    };
    const start = (attempt: 0 | 1): void => {
      const failed = (error: unknown, helps: boolean): void => {
        pending--;
        failure ??= error;
        if (attempt === 0 && helps) secondAttempt();
        if (pending > 0) return;
        stop();
        reject(failure);
      };
      call(attempt).then(
        (outcome) => {
          try {
            resolve(openOutcome(outcome));
            stop();
          } catch (error) {
            const isFinal = !outcome.ok && outcome.issues !== undefined;
            if (isFinal) reject(error);
            // A copy that refuses has been asked; only another one may say something else.
            failed(error, elsewhere && !isFinal);
          }
        },
        (error: unknown) => failed(unreachable(error), elsewhere || !isOverloaded(error)),
      );
    };
    if (elsewhere) timer = setTimeout(secondAttempt, hedgeMs);
    start(0);
  });
}

/** An object that has too much to do is not helped by more of it. */
function isOverloaded(error: unknown): boolean {
  return typeof error === "object" && error !== null && "overloaded" in error && error.overloaded === true;
}

function unreachable(cause: unknown): AnnoyEdgeError {
  if (cause instanceof AnnoyEdgeError) return cause;
  return new AnnoyEdgeError("SHARD_UNREACHABLE", "A shard was stopped or could not be reached. Try again.", {
    cause,
  });
}
