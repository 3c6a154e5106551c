import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { MULTIPART_BYTES } from "../cost.ts";
import { type FileSource, type ObjectSource, type PublishStore, sizeOf } from "../store.ts";
import { type RemoteEnvironment, type RemoteNames, readRemoteNames, resolveTarget } from "./account.ts";
import { openKv } from "./kv.ts";
import { openLoginStore } from "./login.ts";
import { uploadMultipart } from "./multipart.ts";
import { openS3 } from "./s3.ts";

export interface RemoteStoreOptions {
  /** Folder of the wrangler configuration, which names bucket and namespace. */
  readonly root?: string;
  /** Environment of the wrangler configuration; default: `CLOUDFLARE_ENV`. */
  readonly environment?: string;
  /** Instead of the wrangler configuration. */
  readonly names?: RemoteNames;
  readonly env?: RemoteEnvironment;
}

const DELETES_AT_ONCE = 6;

/**
 * Opens a Cloudflare account: by `CLOUDFLARE_API_TOKEN` R2 through its S3 API and KV through bulk writes of the REST API;
 * without a token both through the bindings that `wrangler login` gives.
 *
 * @throws AnnoyEdgeError `NO_TOKEN`, `NO_ACCOUNT`, `NO_NAMESPACE`, `NO_BINDING`, `REMOTE_FORBIDDEN`, ...
 */
export async function openRemoteStore(options: RemoteStoreOptions = {}): Promise<PublishStore> {
  const names = options.names ?? readRemoteNames(resolve(options.root ?? "."), options.environment);
  // The variables that are read are named in the type; process.env has others as well.
  const env = options.env ?? (process.env as RemoteEnvironment);
  if (!env.CLOUDFLARE_API_TOKEN) return openLoginStore(names);
  const { api, account, namespace, s3: bucketOptions } = await resolveTarget(env, names);
  const s3 = openS3(bucketOptions);
  const kv = openKv(api, account, namespace);
  return {
    where: `account ${account}, bucket ${s3.bucket}, namespace ${namespace}`,
    headObject: s3.head,
    getObject: s3.get,
    async putObject(key, source, put = {}) {
      if (isLargeFile(source)) {
        // A large object has a key of its own content: there is no condition to keep but that it is missing.
        if (put.ifAbsent && (await s3.head(key))) return undefined;
        const type = put.contentType ?? "application/octet-stream";
        return uploadMultipart(s3, key, source, type, put.onProgress);
      }
      const body = source instanceof Uint8Array ? source : await readFile((source as FileSource).path);
      const written = await s3.put(key, body, put);
      if (written) put.onProgress?.(sizeOf(source));
      return written;
    },
    listObjects: s3.list,
    async deleteObjects(keys) {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < keys.length) await s3.delete(keys[next++]!);
      };
      await Promise.all(Array.from({ length: DELETES_AT_ONCE }, worker));
    },
    putPages: kv.put,
    getPages: kv.get,
    listPages: kv.list,
    deletePages: kv.delete,
    close: async () => {},
  };
}

function isLargeFile(source: ObjectSource): source is FileSource {
  return !(source instanceof Uint8Array) && source.bytes >= MULTIPART_BYTES;
}
