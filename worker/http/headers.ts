import { cors } from "hono/cors";
import { type AppContext, type Middleware, type RequestState, stateOf } from "./types.ts";

/** Header that names the version which answered. */
export const VERSION_HEADER = "Index-Version";

/** Headers that scripts of other origins may read. */
export const EXPOSED_HEADERS = ["ETag", VERSION_HEADER, "Server-Timing", "Retry-After"];

/** An answer is data: nothing in it may be run, framed or sniffed into something else. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  ["Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Resource-Policy", "cross-origin"],
];

/** Puts version, timings and security headers on every answer, problems included. */
export function answerHeaders(): Middleware {
  return async function answerHeaders(c, next) {
    await next();
    const { headers } = c.res;
    const state = stateOf(c);
    if (state.version !== undefined) headers.set(VERSION_HEADER, state.version);
    const timing = serverTiming(state);
    if (timing) headers.set("Server-Timing", timing);
    for (const [name, value] of SECURITY_HEADERS) if (!headers.has(name)) headers.set(name, value);
  };
}

/** Adds milliseconds to a phase of Server-Timing. */
export function addTiming(c: AppContext, phase: string, milliseconds: number): void {
  const { timings } = stateOf(c);
  timings.set(phase, (timings.get(phase) ?? 0) + milliseconds);
}

function serverTiming({ timings, shards, cache }: RequestState): string {
  const parts = Array.from(timings, ([phase, ms]) => {
    const counts = phase === "shards" && shards ? `desc="${shards.answered} of ${shards.asked}";` : "";
    return `${phase};${counts}dur=${Math.round(ms * 1000) / 1000}`;
  });
  if (cache) parts.push(`cache;desc=${cache}`);
  return parts.join(", ");
}

/** Headers of the Model Context Protocol's requests. */
const MCP_HEADERS = ["Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name", "Mcp-Session-Id", "Last-Event-ID"];

/** Lets pages of these origins read answers; `*`: of all. */
export function shareWith(origins: "*" | readonly string[]): Middleware {
  return cors({
    origin: origins === "*" ? "*" : [...origins],
    allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
    allowHeaders: ["Content-Type", "Authorization", "X-API-Key", "If-None-Match", ...MCP_HEADERS],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: 86_400,
  });
}
