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

/**
 * Path that the API is mounted under, as the request has it, without a slash at its end: `/search`, or empty. Counted in
 * segments, because Hono's own `basePath` lacks the outer parts of nested applications before 4.13.
 */
export function baseOf(c: AppContext): string {
  const { pattern } = stateOf(c);
  if (pattern === undefined) return "";
  const depth = segmentsOf(c.req.routePath) - segmentsOf(pattern);
  return c.req.path
    .split("/")
    .slice(0, depth + 1)
    .join("/");
}

function segmentsOf(path: string): number {
  return path.split("/").length - 1;
}
