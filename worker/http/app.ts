import { Hono } from "hono";
import { cors } from "hono/cors";
import { answerHeaders, EXPOSED_HEADERS } from "./headers.ts";
import { HttpError, problemOf } from "./problems.ts";
import { addItemRoutes } from "./routes/items.ts";
import { addMetaRoutes } from "./routes/meta.ts";
import { addSearchRoutes } from "./routes/search.ts";
import type { AppEnv, AppOptions } from "./types.ts";

export type App = Hono<AppEnv>;

/** The HTTP contract, version 1, over an index. Knows no bindings: those come in as `options`. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono<AppEnv>();

  app.use(async (c, next) => {
    c.set("state", { timings: new Map() });
    await next();
  });
  app.use(answerHeaders());
  app.use(
    cors({
      origin: "*",
      allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
      exposeHeaders: EXPOSED_HEADERS,
      maxAge: 86_400,
    }),
  );

  addSearchRoutes(app, options);
  addItemRoutes(app, options);
  addMetaRoutes(app, options);

  app.notFound(async (c) => {
    const { assets } = options;
    if (assets && (c.req.method === "GET" || c.req.method === "HEAD") && !c.req.path.startsWith("/v1/")) {
      const file = await assets.fetch(c.req.raw);
      if (file.status !== 404) return new Response(file.body, file);
    }
    const detail = `There is nothing at ${c.req.path.slice(0, 200)}. The paths of this API are at /docs.`;
    throw new HttpError("NOT_FOUND", detail);
  });

  app.onError((error, c) => {
    const { problem, status, headers, unexpected } = problemOf(error, c.req.path.slice(0, 500));
    if (unexpected) console.error(error);
    c.get("state").problem = problem.code;
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    c.header("Cache-Control", "no-store");
    c.header("Content-Type", "application/problem+json");
    return c.body(JSON.stringify(problem), status);
  });

  return app;
}
