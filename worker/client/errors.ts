import type { Problem } from "./types.ts";

/**
 * Why a call gave no answer. `code` is the problem's own when the Worker sent one; otherwise `TIMEOUT`, `NETWORK`
 * (nothing was heard), `BAD_RESPONSE` (something else answered, a proxy for instance), `ABORTED`, or `NOT_JSON` (nothing was
 * sent, since a part of the request would have been lost).
 */
export class ClientError extends Error {
  readonly code: string;
  /** HTTP status; undefined when there was no answer at all. */
  readonly status: number | undefined;
  readonly problem: Problem | undefined;

  constructor(
    code: string,
    message: string,
    details: { status?: number | undefined; problem?: Problem | undefined; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ClientError";
    this.code = code;
    this.status = details.status;
    this.problem = details.problem;
  }
}

/** The error that an answer other than 2xx stands for. */
export function errorOfAnswer(status: number, body: string): ClientError {
  const problem = problemOf(body);
  if (problem) return new ClientError(problem.code, problem.detail, { status, problem });
  return new ClientError("BAD_RESPONSE", `The search service answered with status ${status}.`, { status });
}

function problemOf(body: string): Problem | undefined {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== "object" || value === null) return undefined;
    const { code, detail } = value as Partial<Record<keyof Problem, unknown>>;
    // The two fields that the client itself uses are checked; the rest is passed on as the Worker sent it.
    return typeof code === "string" && typeof detail === "string" ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}
