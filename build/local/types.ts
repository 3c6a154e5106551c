import type { Artifact } from "../../worker/core/format/artifact.ts";
import type { LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import type { BatchResponse, SearchInput, SearchResponse } from "../../worker/core/search/types.ts";
import type { SuggestResponse } from "../../worker/core/search/words/suggest.ts";
import type { SuggestInput } from "../../worker/core/search/words/suggest-schema.ts";
import type { DocumentsFile } from "../artifact/documents.ts";

/**
 * An artifact folder opened in Node. `close` when done: it holds `documents.jsonl` open, and those of its shards. The
 * docstore is the folder's own; in one that is cut into shards, `openSearcher` reads theirs.
 */
export interface LocalIndex extends LoadedIndex {
  readonly artifact: Artifact;
  readonly docstore: DocumentsFile;
  /** One search, as the Worker answers it. @throws SearchError */
  search(request: SearchInput): Promise<SearchResponse>;
  /** Up to 100 searches at once. @throws SearchError */
  searchBatch(searches: readonly SearchInput[]): Promise<BatchResponse>;
  /** Texts that complete the one that is typed. @throws SearchError */
  suggest(request: SuggestInput): Promise<SuggestResponse>;
  close(): Promise<void>;
}
