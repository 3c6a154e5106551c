import { HttpError } from "../problems.ts";
import { nothingHere } from "../routes/nothing.ts";
import type { Router } from "../routes/route.ts";
import { route } from "../routes/route.ts";
import { type AppContext, stateOf } from "../types.ts";

/** `POST /mcp`: the Model Context Protocol, where the application was made with it. */
export function addMcpRoute(router: Router): void {
  route(router, "/mcp", {
    post: (c) => {
      const { mcp } = stateOf(c).service;
      if (!mcp) return nothingHere(c);
      requireOrigin(c);
      return mcp.answer(c);
    },
  });
}

/**
 * Holds a browser's request to the origins that may read answers, as the protocol asks of servers: CORS alone would keep the
 * answer from a page of another origin, and not the request from the server.
 *
 * @throws HttpError `FORBIDDEN`
 */
function requireOrigin(c: AppContext): void {
  const origin = c.req.header("origin");
  if (origin === undefined || origin === new URL(c.req.url).origin) return;
  if (c.res.headers.has("access-control-allow-origin")) return;
  throw new HttpError("FORBIDDEN", "Pages of this origin may not ask: CORS_ORIGINS names those that may.");
}
