import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createStaticEmbedder, type StaticEmbedder } from "../../worker/core/embedding/static/embedder.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { shippedPath } from "./shipped.ts";

const TABLE = join("artifacts", "static-en", "table.bin");
let loaded: StaticEmbedder | undefined;

/**
 * The static embedder: the table that ships with the package, read once a process, or the one at `path`.
 *
 * @throws AnnoyEdgeError `EMBEDDER_NOT_FOUND`; ArtifactError `CORRUPT_EMBEDDER`
 */
export async function loadStaticEmbedder(path?: string): Promise<StaticEmbedder> {
  if (path === undefined && loaded) return loaded;
  const file = path ?? shippedPath(TABLE);
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new AnnoyEdgeError("EMBEDDER_NOT_FOUND", `The embedding table ${file} cannot be read.`, { cause });
  }
  // A small file's Buffer may be a slice of a shared pool at any offset; the table wants aligned bytes of its own.
  const embedder = createStaticEmbedder(bytes.byteOffset === 0 ? bytes : new Uint8Array(bytes));
  if (path === undefined) loaded = embedder;
  return embedder;
}
