import { cors } from "hono/cors";
import { EXPOSED_HEADERS } from "./headers.ts";
import type { Middleware } from "./types.ts";

/** Lets pages of these origins read answers; `*`: of all. */
export function shareWith(origins: "*" | readonly string[]): Middleware {
  return cors({
    origin: origins === "*" ? "*" : [...origins],
    allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
    allowHeaders: ["Content-Type", "Authorization", "X-API-Key", "If-None-Match"],
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: 86_400,
  });
}
