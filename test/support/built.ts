import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openLocalIndex } from "../../build/local/local-index.ts";
import type { LocalIndex } from "../../build/local/types.ts";
import { type BuildOptions, build } from "../../build/pipeline/build.ts";

/** A temporary folder in which the tests of a file build indexes; closed and removed when all of them have ended. */
export function builtIndexes() {
  const folder = mkdtempSync(join(tmpdir(), "annoy-edge-built-"));
  const opened: LocalIndex[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((index) => index.close()));
    rmSync(folder, { recursive: true, force: true });
  });
  const open = async (name: string): Promise<LocalIndex> => {
    const index = await openLocalIndex(join(folder, name));
    opened.push(index);
    return index;
  };
  return {
    folder,
    open,
    /** Builds and opens an index of documents that have their vectors. */
    async indexOf(name: string, options: Partial<BuildOptions>): Promise<LocalIndex> {
      await build({ embedder: "none", out: join(folder, name), ...options });
      return open(name);
    },
  };
}
