import type { Hono } from "hono";
import type { Action } from "../../core/access/token.ts";
import { requireAction } from "../access.ts";
import { guarded } from "../guards.ts";
import { baseOf } from "../problem-response.ts";
import { HttpError } from "../problems.ts";
import { type AppContext, type AppEnv, type Service, stateOf } from "../types.ts";

export type Handler = (c: AppContext) => Response | Promise<Response>;

/** Application that routes are registered with, and the source of their answers. */
export interface Router {
  readonly app: Hono<AppEnv>;
  readonly serviceOf: (c: AppContext) => Service;
}

export interface Handlers {
  readonly get?: Handler;
  readonly post?: Handler;
}

/** Registers a path of one index: as it is, for the first index, and under the name of every other. */
export function indexRoute(router: Router, path: string, action: Action, handlers: Handlers): void {
  route(router, path, handlers, action);
  route(router, path.replace(/^\/v1\//, "/v1/indexes/:index/"), handlers, action);
}

/** Registers a path with the methods it takes; any other method gets a 405 that names them. */
export function route({ app, serviceOf }: Router, path: string, handlers: Handlers, action?: Action): void {
  const name = path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
  const guard = path.startsWith("/v1/") || path === "/mcp" ? "api" : "open";
  const named = (handler: Handler): Handler =>
    guarded(
      serviceOf,
      guard,
      (c) => {
        stateOf(c).route = name;
        if (action) requireAction(c, action);
        return handler(c);
      },
      path,
    );
  if (handlers.get) app.get(path, named(handlers.get));
  if (handlers.post) app.post(path, named(handlers.post));
  const allowed = [...(handlers.get ? ["GET", "HEAD"] : []), ...(handlers.post ? ["POST"] : []), "OPTIONS"];
  app.all(
    path,
    named((c) => {
      if (c.req.method === "OPTIONS") return c.body(null, 204, { Allow: allowed.join(", ") });
      const detail = `${c.req.path.slice(0, 200)} does not take ${c.req.method}; it takes ${allowed.join(", ")}.`;
      throw new HttpError("METHOD_NOT_ALLOWED", detail, { allow: allowed.join(", ") });
    }),
  );
}

export const nothingHere: Handler = (c) => {
  const detail = `There is nothing at ${c.req.path.slice(0, 200)}. The paths of this API are at ${baseOf(c)}/docs.`;
  throw new HttpError("NOT_FOUND", detail);
};
