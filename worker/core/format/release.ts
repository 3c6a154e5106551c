/**
 * Gives the memory of bytes back at once, which otherwise lasts until V8 collects garbage: an isolate that swaps versions
 * under load held three of them. Every view of the bytes is empty afterwards.
 */
export function freeBuffer(buffer: ArrayBufferLike): void {
  // Shared memory cannot be given back, and none twice.
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
