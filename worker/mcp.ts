import { AnnoyEdgeError } from "./core/format/errors.ts";
import type { McpOptions } from "./http/mcp/types.ts";
import type { Mcp } from "./http/types.ts";

export type { McpOptions } from "./http/mcp/types.ts";
export type { Mcp } from "./http/types.ts";

/**
 * The Model Context Protocol at `POST /mcp`, for `createApp({ mcp: mcp() })`. An export of its own, so that the official SDK
 * is in the bundle of those Workers alone that speak it; it is started by the first request.
 *
 * @throws AnnoyEdgeError `BAD_CONFIGURATION`
 */
export function mcp(options: McpOptions = {}): Mcp {
  const { siteUrl } = options;
  if (siteUrl !== undefined && !/^https?:$/.test(URL.parse(siteUrl)?.protocol ?? "")) {
    const message = `siteUrl of mcp() must be an address such as https://example.com/, not ${JSON.stringify(siteUrl)}.`;
    throw new AnnoyEdgeError("BAD_CONFIGURATION", message);
  }
  return {
    answer: async (c) => {
      const { answerMcp } = await import("./http/mcp/server.ts");
      return answerMcp(c, options);
    },
  };
}
