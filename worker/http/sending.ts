import type { Passage } from "./flight.ts";
import { type AppContext, lifetimeOf } from "./types.ts";

/** A shorter answer is left to the connection. */
export const LARGE_BYTES = 256 << 10;
/** Time that a client may take to read a large answer, in milliseconds. */
export const SENDING_MS = 30_000;

/**
 * Sends `c.res` and lets the request leave: with a large answer when the client has read it, hung up or taken too long. Until then
 * the isolate holds it, so a client that does not read would otherwise take memory that nobody counts.
 */
export async function sent(c: AppContext, passage: Passage): Promise<Response> {
  const { res } = c;
  if (passage.bytes < LARGE_BYTES || !res.body || c.req.method === "HEAD") {
    passage.leave();
    return res;
  }
  const bytes = await res.arrayBuffer();
  // Hono would add the headers of the one before.
  c.res = undefined;
  c.res = new Response(bytes.byteLength < LARGE_BYTES ? bytes : streamed(c, bytes, passage), res);
  if (bytes.byteLength < LARGE_BYTES) passage.leave();
  return c.res;
}

function streamed(c: AppContext, bytes: ArrayBuffer, passage: Passage): ReadableStream {
  passage.keep(bytes.byteLength);
  const { readable, writable } = new FixedLengthStream(bytes.byteLength);
  const piped = new Response(bytes).body!.pipeTo(writable, { signal: AbortSignal.timeout(SENDING_MS) });
  lifetimeOf(c).waitUntil(piped.then(passage.leave, passage.leave));
  return readable;
}
