import { Hono } from "hono";
import { guarded } from "./guards.ts";
import type { Routes } from "./hono-schema.ts";
import { addMcpRoute } from "./mcp/route.ts";
import { addItemRoutes } from "./routes/items.ts";
import { addMetaRoutes } from "./routes/meta.ts";
import { type Handler, nothingHere, type Router } from "./routes/route.ts";
import { addInsightRoutes, addSearchRoutes, addSuggestRoute } from "./routes/search.ts";
import { type AppContext, type AppEnv, type Service, stateOf } from "./types.ts";

/** The contract as Hono's own client reads it: `hc<App>(url)`. */
export type App = Hono<AppEnv, Routes, "/">;

/**
 * The HTTP contract, version 1. Knows no bindings: what answers a request comes from `serviceOf`. It may be mounted in
 * another application, whose other paths it leaves alone.
 */
export function createHttpApp(serviceOf: (c: AppContext) => Service): App {
  const app = new Hono<AppEnv>();
  const router: Router = { app, serviceOf };
  addSearchRoutes(router);
  addSuggestRoute(router);
  addItemRoutes(router);
  addMetaRoutes(router);
  addInsightRoutes(router);
  addMcpRoute(router);
  app.all("/v1/*", guarded(serviceOf, "api", nothingHere, "/v1/*"));
  app.notFound(guarded(serviceOf, "open", assetOrNothing));
  // Hono derives such a type from chained calls; routes that are registered in a loop have to declare theirs.
  return app as unknown as App;
}

const assetOrNothing: Handler = async (c) => {
  const { assets } = stateOf(c).service;
  if (assets && (c.req.method === "GET" || c.req.method === "HEAD")) {
    const file = await assets.fetch(c.req.raw);
    if (file.status !== 404) return new Response(file.body, file);
  }
  return nothingHere(c);
};
