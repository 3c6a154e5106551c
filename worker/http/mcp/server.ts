import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { MAX_BODY_BYTES } from "../body.ts";
import { problemOf } from "../problems.ts";
import { type AppContext, stateOf } from "../types.ts";
import { allowedIndexes } from "./indexes.ts";
import { callTool, describeTools } from "./tools.ts";
import type { McpOptions } from "./types.ts";

const INSTRUCTIONS =
  "Search first, with words of the question or the question itself; read what a passage leaves open by its id. Cite the url of every document that an answer rests on.";

/**
 * Answers one request of the Model Context Protocol. Each has a server of its own, as nothing is kept between requests: any
 * isolate may get the next one.
 */
export function answerMcp(c: AppContext, options: McpOptions): Promise<Response> {
  const { limits } = stateOf(c).service;
  const handler = createMcpHandler(() => serverFor(c, options), {
    maxRequestBodySize: limits?.maxBodyBytes ?? MAX_BODY_BYTES,
    // Nothing here changes while a client listens.
    maxSubscriptions: 0,
  });
  return handler.fetch(c.req.raw);
}

function serverFor(c: AppContext, options: McpOptions): Server {
  const instructions = [INSTRUCTIONS, options.instructions ?? ""].join(" ").trim();
  const server = new Server(
    { name: options.name ?? "annoy-edge", version: "1" },
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
