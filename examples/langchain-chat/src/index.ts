import { ChatPromptTemplate } from "@langchain/core/prompts";
import { SearchRetriever } from "annoy-edge/client/langchain";
import { createApp, type Env } from "annoy-edge/worker";
import { Hono } from "hono";

interface Bindings extends Env {
  readonly AI: { run(model: string, input: object): Promise<{ response?: string }> };
}

const MODEL = "@cf/meta/llama-3.1-8b-instruct";
const PROMPT = ChatPromptTemplate.fromMessages([
  ["system", "Answer from this context alone, in one sentence.\n\n{context}"],
  ["human", "{question}"],
]);
const search = createApp();

const app = new Hono<{ Bindings: Bindings }>().route("/search", search).post("/chat", async (c) => {
  const { question } = await c.req.json<{ question: string }>();
  const retriever = new SearchRetriever({
    url: "https://search.internal",
    k: 2,
    // The search of this very Worker, without a request over the network.
    clientOptions: { fetch: async (url, init) => search.request(url, init, c.env, c.executionCtx) },
  });
  const documents = await retriever.invoke(question);
  const context = documents.map(({ pageContent }) => pageContent).join("\n\n");
  const prompt = await PROMPT.formatMessages({ context, question });
  const { response } = await c.env.AI.run(MODEL, {
    messages: prompt.map((message) => ({
      role: message.getType() === "human" ? "user" : "system",
      content: message.text,
    })),
  });
  return c.json({ answer: response, sources: documents.map(({ id }) => id) });
});

export default app;
