import { join, resolve } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { readWranglerProject } from "../settings/wrangler.ts";
import { openBindings } from "./bindings.ts";
import type { PublishStore } from "./store.ts";

export interface LocalStoreOptions {
  /** Folder of the wrangler configuration, whose bindings name the local bucket and namespace. */
  readonly root?: string;
  /** Environment of the wrangler configuration; default: `CLOUDFLARE_ENV`. */
  readonly env?: string;
  /** As `wrangler dev --persist-to`: the folder that holds `v3`. */
  readonly persistTo?: string;
  /** Local ids, when they are not to be read from the wrangler configuration. */
  readonly ids?: LocalIds;
}

export interface LocalIds {
  readonly bucket: string;
  readonly namespace: string;
}

/**
 * Opens the local R2 and KV that `wrangler dev` in the same folder reads. Starts workerd (about half a second);
 * `close` ends it. A `wrangler dev` may run meanwhile: both use the same SQLite files.
 *
 * @throws AnnoyEdgeError `NO_BINDING`, `BAD_WRANGLER_CONFIG`, `STORE_FAILED`
 */
export async function openLocalStore(options: LocalStoreOptions = {}): Promise<PublishStore> {
  const root = resolve(options.root ?? ".");
  const ids = options.ids ?? readLocalIds(root, options.env);
  const state = join(resolve(root, options.persistTo ?? join(root, ".wrangler", "state")), "v3");
  const { bucket, namespace } = ids;
  return openBindings({
    target: "local",
    where: state,
    r2: bucket,
    kv: namespace,
    resourcePersistencePath: state,
  });
}

/** Ids of the bucket and the namespace in the local state of `wrangler dev`. */
function readLocalIds(root: string, env: string | undefined): LocalIds {
  const { bucket, namespace, path } = readWranglerProject(root, env);
  if (bucket && namespace) return { bucket: bucket.localId, namespace: namespace.localId };
  const missing = bucket ? "KV namespace DOCUMENTS" : "R2 bucket INDEXES";
  throw new AnnoyEdgeError("NO_BINDING", `${path} binds no ${missing}, which the index is published to.`);
}
