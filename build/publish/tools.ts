import { AnnoyEdgeError } from "../../worker/format/errors.ts";

/** wrangler and miniflare are loaded when they are needed: each takes a second, and only publishing needs them. */

export async function importWrangler(): Promise<typeof import("wrangler")> {
  try {
    return await import("wrangler");
  } catch (cause) {
    throw missing("wrangler", cause);
  }
}

export async function importMiniflare(): Promise<typeof import("miniflare")> {
  try {
    return await import("miniflare");
  } catch (cause) {
    throw missing("miniflare", cause);
  }
}

function missing(name: string, cause: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "NO_WRANGLER",
    `Publishing needs ${name}, which could not be loaded. Run "npm install --save-dev wrangler miniflare".`,
    { cause },
  );
}
