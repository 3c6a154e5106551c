import { type AppContext, stateOf } from "./types.ts";

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
