import type { R2Bucket, R2ObjectBody } from "@cloudflare/workers-types";
import { AnnoyEdgeError } from "../core/format/errors.ts";
import { sleep, within } from "../core/time/wait.ts";

const RETRY_MS = [30, 150];
const SILENCE_MS = 5_000;

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

/** A read of R2 that gave nothing for {@link SILENCE_MS}: it is not tried again, as a request waits for several reads. */
class NoAnswer extends Error {}

/** Reads R2, which fails now and then for a moment: a request that waits for its index should not fail with it. */
export async function retried<T>(read: () => Promise<T>): Promise<T> {
  for (const wait of RETRY_MS) {
    try {
      return await answered(read());
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      await sleep(wait);
    }
  }
  return answered(read());
}

/** Reads an object's text. @throws AnnoyEdgeError `READ_CUT_SHORT` when less of it arrives: it is not damaged where it lies */
export async function textOf(object: R2ObjectBody): Promise<string> {
  const bytes = await answered(object.arrayBuffer());
  if (bytes.byteLength === object.size) return new TextDecoder().decode(bytes);
  throw new AnnoyEdgeError(
    "READ_CUT_SHORT",
    `${object.key} ended after ${bytes.byteLength} of ${object.size} bytes.`,
  );
}

/** Settles as a read of R2, or of the next bytes of an object, does; fails when there is no answer in time. */
export function answered<T>(read: Promise<T>): Promise<T> {
  return within(read, SILENCE_MS, () => {
    throw new NoAnswer(`R2 gave no answer within ${SILENCE_MS / 1000} s.`);
  });
}
