import * as z from "zod/mini";
import { validate } from "../../core/search/parse.ts";
import { MAX_K } from "../../core/search/schema.ts";
import type { App } from "../state.ts";
import { route } from "./route.ts";

const position = z.int().check(z.minimum(0), z.maximum(MAX_K - 1));

/**
 * Which hits people follow. The request's line in the log and its data point are all that comes of it: a position and
 * the name of the index, not what was searched for, nor what was found, nor by whom.
 */
export function addInsightRoutes(app: App): void {
  route(app, "/v1/selections/:position", {
    post: (c) => {
      const text = c.req.param("position") ?? "";
      c.get("state").position = validate(position, /^\d{1,9}$/.test(text) ? Number(text) : text, "position");
      return c.body(null, 204);
    },
  });
}
