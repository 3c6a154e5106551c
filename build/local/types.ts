import type { Artifact } from "../../worker/core/format/artifact.ts";
import type { LoadedIndex } from "../../worker/core/search/loaded-index.ts";
import type { DocumentsFile } from "../artifact/documents.ts";

/**
 * An artifact folder opened in Node. `close` when done: it holds `documents.jsonl` open, and those of its shards. The
 * docstore is the folder's own; in one that is cut into shards, `openSearcher` reads theirs.
 */
export interface LocalIndex extends LoadedIndex {
  readonly artifact: Artifact;
  readonly docstore: DocumentsFile;
  close(): Promise<void>;
}
