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
    return await import("miniflare");
  } catch (cause) {
    return importMiniflareOfWrangler().catch(() => {
      throw missing("miniflare", cause);
    });
  }
}

/** Path of the workerd that Miniflare runs. */
export function workerdPath(): string {
  const wrangler = createRequire(import.meta.url).resolve("wrangler/package.json");
  const miniflare = createRequire(wrangler).resolve("miniflare");
  const { default: path } = createRequire(miniflare)("workerd") as { default: string };
  return path;
}

/** A package manager that hoists nothing keeps it out of sight, where wrangler alone finds it. */
async function importMiniflareOfWrangler(): Promise<typeof import("miniflare")> {
  const wrangler = createRequire(import.meta.url).resolve("wrangler/package.json");
  return import(pathToFileURL(createRequire(wrangler).resolve("miniflare")).href);
}

function missing(name: string, cause: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "NO_WRANGLER",
    `Publishing needs ${name}, which could not be loaded. Run "npm install --save-dev wrangler".`,
    { cause },
  );
}
