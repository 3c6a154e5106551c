import { join, resolve } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { openBindings } from "./bindings.ts";
import type { PublishStore } from "./store.ts";
import { readWranglerConfig } from "./tools.ts";

export interface LocalStoreOptions {
  /** Folder of wrangler.toml; its bindings INDEXES and DOCUMENTS name the local bucket and namespace. */
  readonly root?: string;
  /** As `wrangler dev --persist-to`: the folder that holds `v3`. */
  readonly persistTo?: string;
  /** Local ids, when they are not to be read from wrangler.toml. */
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
  const ids = options.ids ?? (await readLocalIds(root));
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

/** What `wrangler dev` calls the bucket and the namespace in its local state. */
async function readLocalIds(root: string): Promise<LocalIds> {
  const { r2Buckets, kvNamespaces } = await readWranglerConfig(
    root,
    ({ unstable_getMiniflareWorkerOptions: read }, path) => read(path).workerOptions,
  );
  const bucket = idOf(r2Buckets, "INDEXES");
  const namespace = idOf(kvNamespaces, "DOCUMENTS");
  if (bucket === undefined || namespace === undefined) {
    const missing = bucket === undefined ? "R2 bucket INDEXES" : "KV namespace DOCUMENTS";
    throw new AnnoyEdgeError(
      "NO_BINDING",
      `${root}/wrangler.toml binds no ${missing}, which the index is published to.`,
    );
  }
  return { bucket, namespace };
}

function idOf(bindings: unknown, name: string): string | undefined {
  const binding = (bindings as Record<string, string | { id?: string }> | undefined)?.[name];
  return typeof binding === "string" ? binding : binding?.id;
}
