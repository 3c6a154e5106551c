import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { openBindings } from "../bindings.ts";
import { MULTIPART_BYTES } from "../cost.ts";
import type { PublishStore } from "../store.ts";
import { importWrangler } from "../tools.ts";
import type { RemoteNames } from "./account.ts";

/**
 * Opens an account by `wrangler login`, without a token in the environment: through remote bindings, as
 * `wrangler dev` offers them (https://developers.cloudflare.com/workers/local-development/). Slower than a token, as
 * every page is a write of its own, and an interrupted upload begins anew.
 *
 * @throws AnnoyEdgeError `NO_TOKEN` when nobody is logged in, `NO_NAMESPACE` when the wrangler configuration has no id
 */
export async function openLoginStore({ bucket, namespace }: RemoteNames): Promise<PublishStore> {
  if (!("id" in namespace)) {
    throw new AnnoyEdgeError(
      "NO_NAMESPACE",
      'The wrangler configuration has no id of the KV namespace DOCUMENTS. "npx wrangler deploy" creates the namespace and writes its id there.',
    );
  }
  const { startRemoteProxySession } = await importWrangler();
  let session: Awaited<ReturnType<typeof startRemoteProxySession>>;
  try {
    session = await quietly(() =>
      startRemoteProxySession({
        INDEXES: { type: "r2_bucket", bucket_name: bucket, remote: true },
        DOCUMENTS: { type: "kv_namespace", id: namespace.id, remote: true },
      }),
    );
    await session.ready;
  } catch (cause) {
    throw noToken(cause);
  }
  // Wrangler hands its connection from one function to another as a type of its own.
  const remoteProxyConnectionString = session.remoteProxyConnectionString as never;
  return openBindings({
    target: "remote",
    where: `bucket ${bucket}, namespace ${namespace.id}, by wrangler's login`,
    r2: { id: bucket, remoteProxyConnectionString },
    kv: { id: namespace.id, remoteProxyConnectionString },
    multipartBytes: MULTIPART_BYTES,
    onClose: () => session.dispose(),
  });
}

/** Wrangler talks on stdout, where only results belong. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const before = process.env.WRANGLER_LOG;
  process.env.WRANGLER_LOG = "none";
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.WRANGLER_LOG;
    else process.env.WRANGLER_LOG = before;
  }
}

export function noToken(cause?: unknown): AnnoyEdgeError {
  const message = cause instanceof Error ? cause.message.split("\n")[0]! : "";
  // Wrangler's own sentence for nobody being logged in says the same at length.
  const reason = message === "" || message.includes("CLOUDFLARE_API_TOKEN") ? "" : ` (${message})`;
  return new AnnoyEdgeError(
    "NO_TOKEN",
    `Publishing to an account needs CLOUDFLARE_API_TOKEN in the environment, or "npx wrangler login"${reason}. docs/operations.md says how to make a token with the least privilege.`,
    { cause },
  );
}
