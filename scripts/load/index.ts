import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../build/index.ts";
import { createClient } from "../../worker/client/index.ts";
import { freePort, serve } from "../demo/index.ts";
import { drive, type LoadResult } from "./drive.ts";

export type { LoadResult } from "./drive.ts";

export interface LoadOptions {
  /** Root of the project: holds wrangler.toml and the local state with a published index. */
  readonly root: string;
  /** A Worker that runs already; left out: one is started, and ended. */
  readonly url?: string | undefined;
  readonly connections: number;
  readonly seconds: number;
  readonly k: number;
  readonly onPhase?: (name: string) => void;
}

export interface LoadReport {
  readonly index: string;
  readonly version: string;
  readonly items: number;
  readonly connections: number;
  /** Text queries, all different, nothing of them cached. */
  readonly search: LoadResult;
  /** A bare Hono route on the same workerd, over the same loopback. */
  readonly bare: LoadResult;
}

const WARM_UP_SECONDS = 3;
const QUERIES = 2000;

/**
 * Measures searches by text under load, and a bare Hono route in the same run: the difference is what searching costs.
 * Client and server share this machine, so the figures say how the two compare rather than what an edge can do.
 */
export async function measureLoad(options: LoadOptions): Promise<LoadReport> {
  const { root, connections, seconds, onPhase } = options;
  const state = await mkdtemp(join(tmpdir(), "annoy-edge-load-"));
  try {
    onPhase?.("bare Hono route");
    const bareServer = await serve({
      root: join(import.meta.dirname, "bare"),
      port: await freePort(),
      persistTo: state,
    });
    const body = JSON.stringify({ query: "a small dog", k: options.k });
    const bare = await warmAndDrive(bareServer.url, [body], connections, seconds).finally(bareServer.stop);

    onPhase?.("search by text");
    // A log line goes through wrangler to a terminal, which costs this machine more than the search and an edge nothing.
    const variables = { LOG: "errors" };
    const server =
      options.url === undefined ? await serve({ root, port: await freePort(), variables }) : undefined;
    try {
      const url = server?.url ?? options.url ?? "";
      const client = createClient(url, { timeout: 60_000 });
      const { index, version, items } = await client.index();
      const bodies = await queriesFrom(client, items, options.k);
      const search = await warmAndDrive(url, bodies, connections, seconds);
      return { index, version, items, connections, search, bare };
    } finally {
      await server?.stop();
    }
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}

async function warmAndDrive(
  origin: string,
  bodies: readonly string[],
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const url = new URL("/v1/search", origin).href;
  await drive({ url, connections, seconds: Math.min(WARM_UP_SECONDS, seconds), bodies });
  return drive({ url, connections, seconds, bodies });
}

/** Queries in the words of the index's own documents: a few words from the middle of each of many. */
async function queriesFrom(
  client: ReturnType<typeof createClient>,
  items: number,
  k: number,
): Promise<string[]> {
  const bodies: string[] = [];
  const step = Math.max(1, Math.floor(items / QUERIES));
  const numbers = Array.from({ length: Math.min(QUERIES, items) }, (_, i) => i * step);
  for (let at = 0; at < numbers.length; at += 100) {
    const searches = numbers.slice(at, at + 100).map((item) => ({ item, k: 1 }));
    const { results } = await client.searchBatch(searches);
    for (const result of results) {
      const words = ("hits" in result ? result.hits[0]?.document?.pageContent : "")?.split(/\s+/) ?? [];
      const from = Math.max(0, Math.floor(words.length / 2) - 2);
      const query = words.slice(from, from + 4).join(" ");
      if (query.trim() !== "") bodies.push(JSON.stringify({ query, k }));
    }
  }
  if (bodies.length === 0) {
    throw new AnnoyEdgeError("NO_DOCUMENTS", "The index has no documents to make queries from.");
  }
  return bodies;
}
