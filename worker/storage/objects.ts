import type { R2Bucket, R2ObjectBody } from "@cloudflare/workers-types";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { sleep } from "../core/time/wait.ts";

const RETRY_MS = [30, 150];

/**
 * An object of a version, or a range of it.
 *
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE` when it is not there
 */
export async function getObject(
  bucket: R2Bucket,
  key: string,
  range?: { readonly offset: number; readonly length: number },
): Promise<R2ObjectBody> {
  const object = await retried(() => bucket.get(key, range ? { range } : {}));
  if (!object) {
    throw new AnnoyEdgeError("VERSION_INCOMPLETE", `The bucket has no ${key}; that version is not whole.`);
  }
  return object;
}

/** R2 fails now and then for a moment; a request that waits for its index should not fail with it. */
export async function retried<T>(read: () => Promise<T>): Promise<T> {
  for (const wait of RETRY_MS) {
    try {
      return await read();
    } catch {
      await sleep(wait);
    }
  }
  return read();
}
