import type { ExecutionContext, R2Bucket } from "@cloudflare/workers-types";
import { createIndexReader } from "../../../worker/storage/reader.ts";
import type { IndexReader } from "../../../worker/storage/types.ts";

/** A Worker that does nothing but keep an index in memory and say which: for tests of reading under load. */

interface Env {
  readonly INDEXES: R2Bucket;
  readonly INDEX_NAME: string;
  readonly REFRESH_SECONDS: string;
}

let reader: IndexReader<{ first: number; bytes: number; base: string | undefined }> | undefined;
/** Keys that were read since they were last asked for. */
let reads: string[] = [];

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/bytes")
      return plainRead(env, searchParams.get("key")!, Number(searchParams.get("length")));
    reader ??= createIndexReader({
      name: env.INDEX_NAME,
      bucket: counted(env.INDEXES),
      cache: caches.default,
      refreshSeconds: Number(env.REFRESH_SECONDS),
      open: ({ artifact, base }) => ({
        first: artifact.bytes[0]!,
        bytes: artifact.bytes.byteLength,
        base: base?.version,
      }),
    });
    if (pathname === "/status") return Response.json(reader.status());
    if (pathname === "/refresh") return Response.json(await reader.refresh(ctx));
    if (pathname === "/reads") {
      const since = reads;
      reads = [];
      return Response.json(since);
    }
    return reader.use(ctx, async ({ value, version, waitedMs }) => {
      // As long as an answer takes that reads its documents.
      await new Promise((resolve) => setTimeout(resolve, Number(searchParams.get("hold") ?? 5)));
      return Response.json({ ...value, version, waitedMs });
    });
  },
};

function counted(bucket: R2Bucket): R2Bucket {
  return new Proxy(bucket, {
    get(target, property) {
      if (property === "head") return target.head.bind(target);
      return (key: string, options: object) => {
        reads.push(key);
        return target.get(key, options);
      };
    },
  });
}

/** Baseline of a cold start: the same bytes from R2 into an ArrayBuffer, and nothing else. */
async function plainRead(env: Env, key: string, length: number): Promise<Response> {
  const object = await env.INDEXES.get(key, { range: { offset: 0, length } });
  const bytes = await object!.arrayBuffer();
  return Response.json({ bytes: bytes.byteLength });
}
