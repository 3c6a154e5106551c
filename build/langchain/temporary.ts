import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmbeddingsLike } from "../embedding/identity.ts";
import type { Backend, StoreOptions } from "./backend.ts";
import { openLocal } from "./local.ts";

const folders = new Set<string>();

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
  const temporary = temporaryFolder();
  const remove = async () => {
    await rm(temporary, { recursive: true, force: true });
    folders.delete(temporary);
    if (folders.size === 0) process.off("exit", removeAll);
  };
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

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "annoy-edge-"));
  if (folders.size === 0) process.once("exit", removeAll);
  folders.add(folder);
  return folder;
}

function removeAll(): void {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
}
