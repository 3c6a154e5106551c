import { createHash } from "node:crypto";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { readWranglerProject } from "../../settings/wrangler.ts";
import { CLOUDFLARE_API, type CloudflareApi, openApi, pathOf } from "./api.ts";
import type { S3Options } from "./s3.ts";

/** Environment variables that remote publishing reads; wrangler reads the first two as well. */
export interface RemoteEnvironment {
  readonly CLOUDFLARE_API_TOKEN?: string | undefined;
  readonly CLOUDFLARE_ACCOUNT_ID?: string | undefined;
  /** Keys of R2's S3 API; derived from the API token when left out. */
  readonly R2_ACCESS_KEY_ID?: string | undefined;
  readonly R2_SECRET_ACCESS_KEY?: string | undefined;
  /** Endpoint of a jurisdiction, or another server: default `https://<account>.r2.cloudflarestorage.com`. */
  readonly R2_ENDPOINT?: string | undefined;
  /** Default `https://api.cloudflare.com/client/v4`. */
  readonly CLOUDFLARE_API_BASE_URL?: string | undefined;
}

export interface RemoteTarget {
  readonly api: CloudflareApi;
  readonly account: string;
  readonly namespace: string;
  readonly s3: S3Options;
}

export interface RemoteNames {
  readonly account?: string;
  readonly bucket: string;
  /** Id of the KV namespace, or what to look for among the account's. */
  readonly namespace: { readonly id: string } | { readonly worker: string };
}

/**
 * Finds account, bucket, namespace and keys: from the environment, the wrangler configuration, and what the token can see.
 *
 * @throws AnnoyEdgeError `NO_TOKEN`, `NO_ACCOUNT`, `NO_NAMESPACE`, or the API's own
 */
export async function resolveTarget(env: RemoteEnvironment, names: RemoteNames): Promise<RemoteTarget> {
  const { api, account, token } = await openAccount(env, names.account);
  const [namespace, keys] = await Promise.all([
    findNamespace(api, account, names.namespace),
    s3Keys(api, account, token, env),
  ]);
  const endpoint = env.R2_ENDPOINT ?? `https://${account}.r2.cloudflarestorage.com`;
  return { api, account, namespace, s3: { endpoint, bucket: names.bucket, ...keys } };
}

/**
 * Finds the account, and the token that reaches it.
 *
 * @param named account of the wrangler configuration; the environment's goes before it
 * @throws AnnoyEdgeError `NO_TOKEN`, `NO_ACCOUNT`, or the API's own
 */
export async function openAccount(
  env: RemoteEnvironment,
  named: string | undefined,
): Promise<{ readonly api: CloudflareApi; readonly account: string; readonly token: string }> {
  const token = env.CLOUDFLARE_API_TOKEN;
  if (!token) throw new AnnoyEdgeError("NO_TOKEN", "CLOUDFLARE_API_TOKEN is not set.");
  const api = openApi(token, env.CLOUDFLARE_API_BASE_URL ?? CLOUDFLARE_API);
  return { api, account: env.CLOUDFLARE_ACCOUNT_ID ?? named ?? (await onlyAccount(api)), token };
}

async function onlyAccount(api: CloudflareApi): Promise<string> {
  const { result } = await api.call<{ id: string; name: string }[]>("GET", "/accounts?per_page=50");
  if (result?.length === 1) return result[0]!.id;
  const list = (result ?? []).map(({ id, name }) => `${id} (${name})`).join(", ");
  throw new AnnoyEdgeError(
    "NO_ACCOUNT",
    `Set CLOUDFLARE_ACCOUNT_ID, or account_id in the wrangler configuration: the token sees ${list || "no account"}.`,
  );
}

/**
 * An API token is a key of the S3 API too: its id is the access key, the SHA-256 of its value the secret
 * (https://developers.cloudflare.com/r2/api/tokens/).
 */
async function s3Keys(
  api: CloudflareApi,
  account: string,
  token: string,
  env: RemoteEnvironment,
): Promise<{ accessKeyId: string; secretAccessKey: string }> {
  const { R2_ACCESS_KEY_ID: accessKeyId, R2_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  // A user's token is known to the user, an account's token to the account.
  const verified = await api
    .call<{ id: string }>("GET", "/user/tokens/verify")
    .catch(() => api.call<{ id: string }>("GET", pathOf`/accounts/${account}/tokens/verify`));
  if (!verified.result?.id) throw new AnnoyEdgeError("NO_TOKEN", "Cloudflare does not know this API token.");
  return {
    accessKeyId: verified.result.id,
    secretAccessKey: createHash("sha256").update(token).digest("hex"),
  };
}

/**
 * The namespace that the deployed Worker binds, or the one that `wrangler deploy` names after the Worker and the binding.
 * The first needs a token that may read Workers' scripts; one with the least privilege need not.
 */
async function findNamespace(
  api: CloudflareApi,
  account: string,
  wanted: RemoteNames["namespace"],
): Promise<string> {
  if ("id" in wanted) return wanted.id;
  type Settings = { bindings?: { type: string; name: string; namespace_id?: string }[] };
  const settings = await api
    .call<Settings>("GET", pathOf`/accounts/${account}/workers/scripts/${wanted.worker}/settings`)
    .catch(() => undefined);
  const bound = settings?.result?.bindings?.find((b) => b.type === "kv_namespace" && b.name === "DOCUMENTS");
  if (bound?.namespace_id) return bound.namespace_id;
  const title = `${wanted.worker}-documents`;
  for (let page = 1, pages = 1; page <= pages; page++) {
    const path = `${pathOf`/accounts/${account}/storage/kv/namespaces`}?per_page=100&page=${page}`;
    const { result, result_info } = await api.call<{ id: string; title: string }[]>("GET", path);
    const found = result?.find((namespace) => namespace.title === title);
    if (found) return found.id;
    pages = result_info?.total_pages ?? 1;
  }
  throw new AnnoyEdgeError(
    "NO_NAMESPACE",
    `The account has no KV namespace ${title}. "npm run deploy" creates it; or give the id of another in the wrangler configuration.`,
  );
}

/** Account, bucket and namespace of the wrangler configuration. */
export function readRemoteNames(root: string, env?: string): RemoteNames {
  const { path, worker, account, bucket, namespace } = readWranglerProject(root, env);
  if (!bucket?.id || !namespace) {
    const missing = bucket?.id ? "KV namespace DOCUMENTS" : "R2 bucket INDEXES with its bucket_name";
    throw new AnnoyEdgeError("NO_BINDING", `${path} binds no ${missing}.`);
  }
  return {
    bucket: bucket.id,
    namespace: namespace.id ? { id: namespace.id } : { worker: worker ?? "annoy-edge" },
    ...(account && { account }),
  };
}
