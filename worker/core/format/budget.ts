/**
 * Memory budget of one isolate. Every limit on memory, in the Worker and in the build, derives from these constants;
 * the table in docs/architecture.md lists them, and test/docs/budget.test.ts compares the two.
 */

/** Memory of an isolate for code, heap, buffers and concurrent requests: the platform's limit. Bytes. */
export const ISOLATE_BYTES = 128e6;

/** Left to code, heap and requests, at least. A version that leaves less would end the isolate. */
const REST_BYTES = 13e6;
/** Left to code, heap and requests while the isolate answers at its full rate. */
const WORKING_BYTES = 28e6;

/** Largest version that a reader loads. */
export const LOADED_BYTES = ISOLATE_BYTES - REST_BYTES;
/** Largest part (an index in one piece, a router, a shard) that `publish` accepts: what is loaded, less some pages. */
export const PUBLISHED_BYTES = LOADED_BYTES - 5e6;
/** All that an isolate holds at once: old and new version, index and pages of documents, shards that share an isolate. */
export const HELD_BYTES = ISOLATE_BYTES - WORKING_BYTES;
/** Pages of documents that are kept: at least, and at most where the index leaves room below {@link HELD_BYTES}. */
export const PAGE_BYTES_KEPT = { least: 8e6, most: 24e6 } as const;
/** Largest index that `plan` puts into one isolate: what is held, less room for pages and growth. */
export const PLANNED_BYTES = HELD_BYTES - 10e6;
/** Largest shard that a build makes by default. */
export const SHARD_BYTES = 60e6;

/** Bytes of placement that an isolate holds for each item, beside the hot part. */
const PLACEMENT_BYTES = 4;

/** Returns the bytes that an isolate holds of an artifact: its hot part, and where its documents lie. */
export function residentBytes({
  hotBytes,
  items,
}: {
  readonly hotBytes: number;
  readonly items: number;
}): number {
  return hotBytes + PLACEMENT_BYTES * items;
}
