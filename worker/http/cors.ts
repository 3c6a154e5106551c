import { cors } from "hono/cors";
import { EXPOSED_HEADERS } from "./headers.ts";
import type { Middleware } from "./types.ts";

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
