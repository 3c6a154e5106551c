import { env } from "cloudflare:workers";
import { inject } from "vitest";
import "../seed/provided.ts";

/** What `test/seed/global-setup.ts` built and published in Node, put into this test file's own R2 and KV. */
export async function seed(): Promise<void> {
  const { objects, pages } = inject("published");
  for (const { key, base64 } of objects) await env.INDEXES.put(key, bytesOf(base64));
  for (const { key, value } of pages) await env.DOCUMENTS.put(key, value);
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
