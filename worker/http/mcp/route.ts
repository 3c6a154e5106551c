import { nothingHere } from "../routes/nothing.ts";
import type { Router } from "../routes/route.ts";
import { route } from "../routes/route.ts";
import { stateOf } from "../types.ts";

/** `POST /mcp`: the Model Context Protocol, where the application was made with it. */
export function addMcpRoute(router: Router): void {
  route(router, "/mcp", {
    post: (c) => {
      const { mcp } = stateOf(c).service;
      return mcp ? mcp.answer(c) : nothingHere(c);
    },
  });
}
