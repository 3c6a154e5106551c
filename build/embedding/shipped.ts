import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/**
 * Path of a model that ships with the package, by its path from the package's root, whatever the working directory. Sources
 * lie two folders below that root, compiled files three: it is looked for upwards.
 *
 * @throws AnnoyEdgeError `EMBEDDER_NOT_FOUND`
 */
export function shippedPath(path: string): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, path);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) {
      throw new AnnoyEdgeError(
        "EMBEDDER_NOT_FOUND",
        `The package's ${path} is missing; reinstall the package or name another embedder.`,
      );
    }
  }
}
