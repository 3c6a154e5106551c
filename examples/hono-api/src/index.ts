import { createApp } from "annoy-edge/worker";
import { Hono } from "hono";

const app = new Hono()
  .get("/", (c) => c.text("A shop. Its search is at /search/v1/search?q=…"))
  .route("/search", createApp({ limits: { maxK: 20 } }));

export default app;
/** For Hono's client: `hc<AppType>(url).search.v1.search.$post({ json: { query } })`. */
export type AppType = typeof app;
