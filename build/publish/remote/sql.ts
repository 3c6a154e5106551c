import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { openAccount, type RemoteEnvironment } from "./account.ts";
import { CLOUDFLARE_API, pathOf } from "./api.ts";
import { retrying } from "./http.ts";

/**
 * Rows that Analytics Engine's SQL API answers a statement with.
 *
 * @param account of the wrangler configuration; the environment's goes before it
 * @throws AnnoyEdgeError `NO_TOKEN`, `NO_ACCOUNT`, `REMOTE_FORBIDDEN`, `REMOTE_FAILED`, `REMOTE_UNREACHABLE`
 */
export async function queryAnalytics(
  sql: string,
  env: RemoteEnvironment,
  account: string | undefined,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const target = await openAccount(env, account);
  const base = (env.CLOUDFLARE_API_BASE_URL ?? CLOUDFLARE_API).replace(/\/$/, "");
  const what = "Analytics Engine's SQL API";
  const response = await retrying(what, (signal) =>
    fetch(base + pathOf`/accounts/${target.account}/analytics_engine/sql`, {
      method: "POST",
      headers: { authorization: `Bearer ${target.token}` },
      body: `${sql} FORMAT JSON`,
      signal,
    }),
  );
  const text = await response.text();
  if (response.status === 401 || response.status === 403) {
    const message = `${what} refuses the token; it needs the permission Account Analytics: Read.`;
    throw new AnnoyEdgeError("REMOTE_FORBIDDEN", message);
  }
  const rows = response.ok ? rowsOf(text) : undefined;
  if (rows) return rows;
  throw new AnnoyEdgeError("REMOTE_FAILED", `${what}: status ${response.status}, ${text.slice(0, 300)}`);
}

function rowsOf(text: string): readonly Readonly<Record<string, unknown>>[] | undefined {
  try {
    const { data } = JSON.parse(text) as { data?: unknown };
    return Array.isArray(data) ? data : undefined;
  } catch {
    return undefined;
  }
}
