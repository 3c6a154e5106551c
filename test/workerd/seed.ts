import { env } from "cloudflare:workers";
import { inject } from "vitest";
import type { Snapshot } from "../seed/provided.ts";

/** Index that `test/seed/global-setup.ts` built and published in Node, put into this test file's own R2 and KV. */
export async function seed(): Promise<void> {
  await put(inject("published"));
}

/** Both versions of index "swap"; returns a function that makes one of them current. */
export async function seedVersions(): Promise<(which: "before" | "after") => Promise<void>> {
  const { snapshot, pointers } = inject("versions");
  await put(snapshot);
  return async (which) => {
    await env.INDEXES.put("swap/current.json", pointers[which === "before" ? 0 : 1] ?? "");
  };
}

/** Puts what was published into this test file's own bindings. */
export async function put({ objects, pages }: Snapshot): Promise<void> {
  for (const { key, base64 } of objects) await env.INDEXES.put(key, bytesOf(base64));
  for (const { key, value } of pages) await env.DOCUMENTS.put(key, value);
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
