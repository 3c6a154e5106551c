import { within } from "../core/time/wait.ts";
import type { Reservation } from "./reservation.ts";
import { type AppContext, lifetimeOf } from "./types.ts";

/** A shorter answer is left to the connection; also the length of a piece of a longer one. */
export const LARGE_BYTES = 256 << 10;
/** Time that a client may take to read a piece of a large answer, in milliseconds. */
export const PIECE_MS = 30_000;

/**
 * Sends `c.res` and releases the reservation: with a large answer when the client has read it, hung up or stopped reading. Until
 * then the isolate holds it, so a client that does not read would otherwise take memory that nobody counts.
 */
export async function sent(c: AppContext, reservation: Reservation): Promise<Response> {
  const { res } = c;
  if (reservation.bytes < LARGE_BYTES || !res.body || c.req.method === "HEAD") {
    reservation.release();
    return res;
  }
  const bytes = await res.arrayBuffer();
  // Hono would add the headers of the one before.
  c.res = undefined;
  c.res = new Response(bytes.byteLength < LARGE_BYTES ? bytes : streamed(c, bytes, reservation), res);
  if (bytes.byteLength < LARGE_BYTES) reservation.release();
  return c.res;
}

function streamed(c: AppContext, bytes: ArrayBuffer, reservation: Reservation): ReadableStream {
  reservation.keep(bytes.byteLength);
  const { readable, writable } = new FixedLengthStream(bytes.byteLength);
  lifetimeOf(c).waitUntil(
    written(writable, bytes, reservation).then(reservation.release, reservation.release),
  );
  return readable;
}

/** Writes bytes piece by piece, while the client reads one in time. */
async function written(to: WritableStream, bytes: ArrayBuffer, reservation: Reservation): Promise<void> {
  const writer = to.getWriter();
  for (let at = 0; at < bytes.byteLength; at += LARGE_BYTES) {
    const piece = new Uint8Array(bytes, at, Math.min(LARGE_BYTES, bytes.byteLength - at));
    const isRead = await within(
      writer.write(piece).then(() => true),
      PIECE_MS,
      () => false,
    );
    if (!isRead) return writer.abort(new Error("The client has stopped reading."));
    reservation.keep(bytes.byteLength);
  }
  await writer.close();
}
