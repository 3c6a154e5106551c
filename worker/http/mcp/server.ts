import { createMcpHandler, INVALID_REQUEST, Server } from "@modelcontextprotocol/server";
import { BODY_TIMEOUT, MAX_BODY_BYTES, readJson } from "../body.ts";
import { problemOf } from "../problems.ts";
import { type AppContext, stateOf } from "../types.ts";
import { allowedIndexes, callTool, describeTools } from "./tools.ts";
import type { McpOptions } from "./types.ts";

/** Version of the package, which a test compares with package.json. */
const VERSION = "0.2.0";
const INSTRUCTIONS =
  "Search first, with words of the question or the question itself; read what a passage leaves open by its id. Cite the url of every document that an answer rests on.";

/**
 * Answers one request of the Model Context Protocol. Each has a server of its own, as nothing is kept between requests: any
 * isolate may get the next one. A batch is refused: revisions since 2025-06-18 have none, and one request could carry a
 * hundred searches past the limits of requests.
 */
export async function answerMcp(c: AppContext, options: McpOptions): Promise<Response> {
  const { limits = {} } = stateOf(c).service;
  // Nothing here changes while a client listens.
  const handler = createMcpHandler(() => serverFor(c, options), { maxSubscriptions: 0 });
  const parsedBody = await readJson(c.req, {
    maxBytes: limits.maxBodyBytes ?? MAX_BODY_BYTES,
    timeout: limits.bodyTimeout ?? BODY_TIMEOUT,
    reserve: stateOf(c).reserve,
  });
  if (!Array.isArray(parsedBody)) return whole(await handler.fetch(c.req.raw, { parsedBody }));
  const error = {
    code: INVALID_REQUEST,
    message: "Invalid Request: send one message a request, not a batch.",
  };
  return Response.json({ jsonrpc: "2.0", id: null, error }, { status: 400 });
}

/**
 * The answer when it is complete. The handler gives a stream at once and calls the tool behind it, where neither the time limit nor the
 * count of memory in flight nor the log would see what the tool does.
 */
async function whole({ body, status, headers }: Response): Promise<Response> {
  return new Response(body && (await new Response(body).arrayBuffer()), { status, headers });
}

function serverFor(c: AppContext, options: McpOptions): Server {
  const instructions = [INSTRUCTIONS, options.instructions ?? ""].join(" ").trim();
  const server = new Server(
    { name: options.name ?? "annoy-edge", version: VERSION },
    { capabilities: { tools: {} }, instructions },
  );
  server.setRequestHandler("tools/list", async () => ({ tools: describeTools(await allowedIndexes(c)) }));
  server.setRequestHandler("tools/call", async ({ params }) => {
    try {
      const { text, data } = await callTool({ c, options }, params.name, params.arguments ?? {});
      return { content: [{ type: "text" as const, text }], structuredContent: data };
    } catch (error) {
      // What an agent asked wrongly it can ask better: the tool's answer says so, not the protocol.
      const { problem, unexpected } = problemOf(error, c.req.path);
      if (unexpected) console.error(error);
      stateOf(c).problem = problem.code;
      return {
        content: [{ type: "text" as const, text: `${problem.code}: ${problem.detail}` }],
        isError: true,
      };
    }
  });
  return server;
}
