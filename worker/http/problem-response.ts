import { baseOf } from "./base.ts";
import { problemOf } from "./problems.ts";
import { type AppContext, stateOf } from "./types.ts";

/** Any thrown thing as the answer to a request. */
export function problemResponse(c: AppContext, error: unknown): Response {
  const { problem, status, headers, unexpected } = problemOf(
    error,
    new URL(c.req.url).pathname.slice(0, 500),
    baseOf(c),
  );
  if (unexpected) console.error(error);
  stateOf(c).problem = problem.code;
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  c.header("Cache-Control", "no-store");
  c.header("Content-Type", "application/problem+json");
  return c.body(JSON.stringify(problem), status);
}
