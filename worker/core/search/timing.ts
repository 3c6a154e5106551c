import type { Reranker } from "../embedding/reranker.ts";
import type { Work } from "../format/work.ts";

/** The parts of a search whose time is worth knowing. */
export type SearchPhase = "embed" | "keyword" | "forest" | "shards" | "docstore" | "rerank";

export interface SearchOptions {
  /** Told the milliseconds of each part. Inside a deployed Worker computation always takes 0: clocks stand still. */
  readonly onPhase?: (phase: SearchPhase, milliseconds: number) => void;
  /** Origin of the request, as a location hint of Durable Objects, which chooses the copies of the shards. */
  readonly from?: string;
  /** Orders the first hits anew where a request asks for that; absent where none is set up. */
  readonly reranker?: Reranker | undefined;
  /** Counts the work of the request that this search is a part of; it is not bounded when left out. */
  readonly work?: Work | undefined;
}

/** Runs one part of a search and tells how long it took. */
export async function timed<T>(
  phase: SearchPhase,
  options: SearchOptions,
  run: () => T | Promise<T>,
): Promise<T> {
  if (!options.onPhase) return run();
  const started = performance.now();
  const result = await run();
  options.onPhase(phase, performance.now() - started);
  return result;
}
