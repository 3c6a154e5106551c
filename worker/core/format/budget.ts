/**
 * Memory budget of one isolate. Every limit on memory, in the Worker and in the build, derives from these constants;
 * the table in docs/architecture.md lists them, and test/docs/budget.test.ts compares the two. `npm run memory` measures
 * what an isolate takes.
 */

/** Memory of an isolate for code, heap, buffers and concurrent requests: the platform's limit. Bytes. */
export const ISOLATE_BYTES = 128e6;
/** Sum of what is planned for: code, indexes and encoders, requests, garbage, kept pages; what V8 does not count takes the rest. */
export const PEAK_BYTES = ISOLATE_BYTES - 8e6;
/** Code and what it keeps in the heap. */
export const CODE_BYTES = 6e6;
/** Requests in flight, garbage included: {@link REQUEST_BYTES} and {@link PAGE_READ_BYTES}. */
export const FLIGHT_BYTES = 24e6;
/** Pages of documents that are read at once: beside their text they are in memory as bytes for a while. */
export const PAGE_READ_BYTES = 4e6;
/** Bodies, documents that are read, answers, searches over cold rows. What does not fit waits or is refused, unless it is alone. */
export const REQUEST_BYTES = FLIGHT_BYTES - PAGE_READ_BYTES;
/**
 * A search while it ranks and waits for rows of the cold part: its candidates, its reads, the objects of both. Those that do
 * not fit into {@link REQUEST_BYTES} have not begun to rank: what lives through a wait is garbage that V8 collects late.
 */
export const RANKING_BYTES = 6e6;
/** Garbage of searches that V8 has not collected yet: it collects its young generation when 16 MB of it are full. */
export const GARBAGE_BYTES = 6e6;
/** Pages of documents that are kept, where the index leaves no more. */
export const PAGES_BYTES = 4e6;
/** Pages of documents that are kept: at least, and at most where the index leaves room below {@link HELD_BYTES}. */
export const PAGE_BYTES_KEPT = { least: PAGES_BYTES, most: 24e6 } as const;
/** Indexes and encoders that an isolate holds: old and new version, several indexes, shards that share an isolate. */
export const HELD_BYTES = PEAK_BYTES - CODE_BYTES - FLIGHT_BYTES - GARBAGE_BYTES - PAGES_BYTES;
/** Largest part (an index in one piece, a router, a shard), with its encoder, that `publish` accepts. */
export const PUBLISHED_BYTES = HELD_BYTES;
/** Largest version that a reader loads: what earlier releases published goes on being served. */
export const LOADED_BYTES = 110e6;
/** Largest index, with its encoder, that `plan` puts into one isolate: what is held, less room for growth. */
export const PLANNED_BYTES = HELD_BYTES - 6e6;
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
