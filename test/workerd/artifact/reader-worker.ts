import type { ExecutionContext, R2Bucket } from "@cloudflare/workers-types";
import { createIndexReader } from "../../../worker/storage/reader.ts";
import type { IndexReader } from "../../../worker/storage/types.ts";

/** A Worker that does nothing but keep an index in memory and say which: for tests of reading under load. */

interface Env {
  readonly INDEXES: R2Bucket;
  readonly INDEX_NAME: string;
  readonly REFRESH_SECONDS: string;
}

let reader: IndexReader<{ first: number; bytes: number }> | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/bytes")
      return plainRead(env, searchParams.get("key")!, Number(searchParams.get("length")));
    reader ??= createIndexReader({
      name: env.INDEX_NAME,
      bucket: env.INDEXES,
      cache: caches.default,
      refreshSeconds: Number(env.REFRESH_SECONDS),
      open: ({ artifact }) => ({ first: artifact.bytes[0]!, bytes: artifact.bytes.byteLength }),
    });
    if (pathname === "/status") return Response.json(reader.status());
    return reader.use(ctx, async ({ value, version, waitedMs }) => {
      // As long as an answer takes that reads its documents.
      await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("hold") ?? 5)));
      return Response.json({ ...value, version, waitedMs });
    });
  },
};

/** Baseline of a cold start: the same bytes from R2 into an ArrayBuffer, and nothing else. */
async function plainRead(env: Env, key: string, length: number): Promise<Response> {
  const object = await env.INDEXES.get(key, { range: { offset: 0, length } });
  const bytes = await object!.arrayBuffer();
  return Response.json({ bytes: bytes.byteLength });
}
