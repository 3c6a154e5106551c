import { Hono } from "hono";

/** Reads a JSON body and answers with a small one: the cost of workerd, the loopback and Hono alone. */
const app = new Hono();
app.post("/v1/search", async (c) => {
  const body: unknown = await c.req.json();
  return c.json({ hits: [], asked: body });
});

export default app;
