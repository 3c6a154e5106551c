import { createChangedSearcher } from "./changes/searcher.ts";
import type { LoadedIndex } from "./loaded-index.ts";
import { createMemorySearcher } from "./memory/searcher.ts";
import type { Searcher, SearchOptions } from "./searcher.ts";
import { createShardSearcher } from "./shards/searcher.ts";

/** Opens an index for one request, wherever its items are. Costs nothing until it is asked. */
export function openSearcher(index: LoadedIndex, options: SearchOptions = {}): Searcher {
  const { shards, changes } = index;
  if (changes) return createChangedSearcher({ ...index, changes }, options);
  return shards ? createShardSearcher({ ...index, shards }, options) : createMemorySearcher(index, options);
}
