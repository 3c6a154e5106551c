import { Hono } from "hono";
import { cors } from "hono/cors";
import { requireKey } from "./auth.ts";
import { answerHeaders, EXPOSED_HEADERS } from "./headers.ts";
import { HttpError, problemOf } from "./problems.ts";
import { rateLimit } from "./rate-limit.ts";
import { requestLog } from "./request-log.ts";
import { addInsightRoutes } from "./routes/insight.ts";
import { addItemRoutes } from "./routes/items.ts";
import { addMetaRoutes } from "./routes/meta.ts";
import { addSearchRoutes } from "./routes/search.ts";
import type { App, AppEnv } from "./state.ts";
import { REQUEST_TIMEOUT, timeLimit } from "./time-limit.ts";
import type { AppOptions } from "./types.ts";

/** The HTTP contract, version 1, over an index. Knows no bindings: those come in as `options`. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono<AppEnv>();

  app.use(async (c, next) => {
    c.set("state", { timings: new Map() });
    await next();
  });
  const { log = "off", analytics, corsOrigins, keys, rateLimiter, limits } = options;
  if (log !== "off" || analytics) app.use(requestLog({ index: options.name, level: log, analytics }));
  app.use(answerHeaders());
  if (corsOrigins) {
    const share = cors({
      origin: corsOrigins === "*" ? "*" : [...corsOrigins],
      allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
      allowHeaders: ["Content-Type", "Authorization", "X-API-Key", "If-None-Match"],
      exposeHeaders: EXPOSED_HEADERS,
      maxAge: 86_400,
    });
    // It would answer every OPTIONS itself: those that are no browser's preflight ask what the path takes.
    app.use((c, next) =>
      c.req.method === "OPTIONS" && !c.req.header("access-control-request-method") ? next() : share(c, next),
    );
  }
  app.use("/v1/*", timeLimit(limits?.requestTimeout ?? REQUEST_TIMEOUT));
  if (keys) app.use("/v1/*", requireKey(keys));
  if (rateLimiter) app.use("/v1/*", rateLimit(rateLimiter));

  addSearchRoutes(app, options);
  addItemRoutes(app, options);
  addMetaRoutes(app, options);
  addInsightRoutes(app);

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
    const { problem, status, headers, unexpected } = problemOf(
      error,
      new URL(c.req.url).pathname.slice(0, 500),
    );
    if (unexpected) console.error(error);
    c.get("state").problem = problem.code;
    for (const [name, value] of Object.entries(headers)) c.header(name, value);
    c.header("Cache-Control", "no-store");
    c.header("Content-Type", "application/problem+json");
    return c.body(JSON.stringify(problem), status);
  });

  return app;
}
