import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

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
    return await import(pathToFileURL(miniflarePath()).href);
  } catch (cause) {
    throw missing("miniflare", cause);
  }
}

/** Path of the workerd that Miniflare runs. */
export function workerdPath(): string {
  const { default: path } = createRequire(miniflarePath())("workerd") as { default: string };
  return path;
}

/** A package manager that hoists nothing keeps it out of sight, where wrangler alone finds it. */
function miniflarePath(): string {
  const { resolve } = createRequire(import.meta.url);
  try {
    return resolve("miniflare");
  } catch {
    return createRequire(resolve("wrangler/package.json")).resolve("miniflare");
  }
}

function missing(name: string, cause: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "NO_WRANGLER",
    `Publishing needs ${name}, which could not be loaded. Run "npm install --save-dev wrangler".`,
    { cause },
  );
}
