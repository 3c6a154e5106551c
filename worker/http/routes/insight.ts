import * as z from "zod/mini";
import { validate } from "../../core/search/parse.ts";
import { MAX_K } from "../../core/search/schema.ts";
import { stateOf } from "../types.ts";
import { indexRoute, type Router } from "./route.ts";

const position = z.int().check(z.minimum(0), z.maximum(MAX_K - 1));

/**
 * Counts the hits that people follow. The request's line in the log and its data point are all that comes of it: a position and
 * the name of the index, not what was searched for, nor what was found, nor by whom.
 */
export function addInsightRoutes(router: Router): void {
  indexRoute(router, "/v1/selections/:position", "search", {
    post: async (c) => {
      const text = c.req.param("position") ?? "";
      const name = c.req.param("index");
      if (name !== undefined) stateOf(c).index = (await stateOf(c).service.indexes.open(name)).name;
      stateOf(c).position = validate(position, /^\d{1,9}$/.test(text) ? Number(text) : text, "position");
      return c.body(null, 204);
    },
  });
}
