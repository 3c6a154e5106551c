import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStaticEmbedder, type StaticEmbedder } from "../../worker/core/embedding/static/embedder.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

const TABLE = join("artifacts", "static-en", "table.bin");
let loaded: StaticEmbedder | undefined;

/**
 * The default embedder: the table that ships with the package (found from this file, whatever the working directory),
 * or the one at `path`. The default is read once a process.
 *
 * @throws AnnoyEdgeError `EMBEDDER_NOT_FOUND`; ArtifactError `CORRUPT_EMBEDDER`
 */
export async function loadStaticEmbedder(path?: string): Promise<StaticEmbedder> {
  if (path === undefined && loaded) return loaded;
  const file = path ?? defaultTablePath();
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

/** Sources lie two folders below the package's root, compiled files three: look upwards. */
function defaultTablePath(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, TABLE);
    if (existsSync(file)) return file;
    const parent = dirname(folder);
    if (parent === folder) {
      throw new AnnoyEdgeError(
        "EMBEDDER_NOT_FOUND",
        `The package's ${TABLE} is missing; reinstall the package or name another embedder.`,
      );
    }
    folder = parent;
  }
}
