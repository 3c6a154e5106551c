import { HttpError } from "../problems.ts";
import { nothingHere, type Router, route } from "../routes/route.ts";
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
 * answer from a page of another origin, and not the request from the server. A page over plain http may have rebound its name to
 * this machine, so that it is its own origin here: such an origin must be listed, or be this machine's by its name.
 *
 * @throws HttpError `FORBIDDEN`
 */
function requireOrigin(c: AppContext): void {
  const origin = c.req.header("origin");
  if (origin === undefined) return;
  const shared = c.res.headers.get("access-control-allow-origin");
  if (shared === origin) return;
  const { protocol, hostname } = URL.parse(origin) ?? { protocol: "", hostname: "" };
  const isAsNamed = protocol === "https:" || LOOPBACK.has(hostname);
  if (isAsNamed && (shared !== null || origin === new URL(c.req.url).origin)) return;
  throw new HttpError("FORBIDDEN", "Pages of this origin may not ask: CORS_ORIGINS names those that may.");
}

/** Host names that no DNS server can lead elsewhere. */
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);
