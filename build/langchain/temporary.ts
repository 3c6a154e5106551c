import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EmbeddingsLike } from "../embedding/identity.ts";
import { runFolder } from "../settings/run-folder.ts";
import type { Backend, StoreOptions } from "./backend.ts";
import { openLocal } from "./local.ts";

/**
 * Makes an artifact in a folder of its own and opens it. The folder goes when the backend is closed, when making or opening
 * fails, and otherwise with the process.
 *
 * @param make writes the artifact into `out`
 */
export async function openTemporary(
  embeddings: EmbeddingsLike | undefined,
  make: (out: string) => Promise<unknown>,
  options: StoreOptions = {},
): Promise<Backend> {
  const temporary = await mkdtemp(join(await runFolder(), "index-"));
  const remove = () => rm(temporary, { recursive: true, force: true });
  try {
    const out = join(temporary, "index");
    await make(out);
    const backend = await openLocal(out, embeddings, options);
    const close = async () => {
      await backend.close();
      await remove();
    };
    return { ...backend, close };
  } catch (error) {
    await remove();
    throw error;
  }
}
