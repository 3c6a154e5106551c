import { existsSync } from "node:fs";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/** wrangler and miniflare are loaded when they are needed: each takes a second, and only publishing needs them. */

export async function importWrangler(): Promise<typeof import("wrangler")> {
  try {
    return await import("wrangler");
  } catch (cause) {
    throw missing("wrangler", cause);
  }
}

/**
 * Reads `wrangler.toml` of a folder by one of wrangler's own readers.
 *
 * @throws AnnoyEdgeError `BAD_WRANGLER_CONFIG` when it is not there or not understood
 */
export async function readWranglerConfig<T>(
  root: string,
  read: (wrangler: typeof import("wrangler"), path: string) => T,
): Promise<T> {
  const path = join(root, "wrangler.toml");
  if (!existsSync(path)) {
    throw new AnnoyEdgeError(
      "BAD_WRANGLER_CONFIG",
      `${path} is not there. Run the command where it is, or name its folder with --root.`,
    );
  }
  const wrangler = await importWrangler();
  try {
    return read(wrangler, path);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new AnnoyEdgeError("BAD_WRANGLER_CONFIG", `${path} is not understood by wrangler: ${message}`, {
      cause,
    });
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
