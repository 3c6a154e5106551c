import type { Env } from "./config.ts";
import { AnnoyEdgeError } from "./core/format/errors.ts";
import type { Lifetime } from "./http/types.ts";
import type { Indexes } from "./indexes.ts";

export interface ScheduleOptions {
  readonly env: Pick<Env, "REBUILD_HOOK_URL" | "REBUILD_HOOK_TOKEN">;
  readonly indexes: Indexes;
  readonly ctx: Lifetime;
  /** The line of the wrangler configuration that is due. */
  readonly cron: string;
}

const HOOK_TIMEOUT_MS = 30_000;

/**
 * Runs a cron trigger: looks for a new version, so that this isolate answers from it, and asks the build hook for a
 * rebuild. The Worker builds nothing itself: a hook starts `annoy-edge rebuild` where there is memory for it.
 *
 * @throws AnnoyEdgeError `REBUILD_HOOK_FAILED`, which marks the run as failed in Cloudflare's dashboard
 */
export async function runSchedule({ env, indexes, ctx, cron }: ScheduleOptions): Promise<void> {
  const source = await indexes.open();
  const index = source.name;
  const { version, lastError } = await source.refresh(ctx);
  const level = lastError ? "error" : "info";
  console.log(JSON.stringify({ level, message: "scheduled", index, version, cron, error: lastError?.code }));
  if (!env.REBUILD_HOOK_URL) return;
  const response = await askHook(env.REBUILD_HOOK_URL, env.REBUILD_HOOK_TOKEN, { index, version });
  if (!response.ok) throw failed(`it answered ${response.status}`);
}

/** The body is what GitHub takes for a repository_dispatch; other hooks find the same facts in it. */
async function askHook(
  url: string,
  token: string | undefined,
  facts: { readonly index: string; readonly version: string | null },
): Promise<Response> {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    accept: "application/json",
    // GitHub refuses requests without one.
    "user-agent": "annoy-edge",
  };
  if (token) headers.authorization = `Bearer ${token}`;
  try {
    return await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify({ event_type: "annoy-edge-rebuild", client_payload: facts }),
      signal: AbortSignal.timeout(HOOK_TIMEOUT_MS),
    });
  } catch (cause) {
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function failed(what: string, cause?: unknown): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "REBUILD_HOOK_FAILED",
    `The hook at REBUILD_HOOK_URL did not take the call: ${what}.`,
    {
      cause,
    },
  );
}
