import type { R2ObjectBody } from "@cloudflare/workers-types";
import { type Artifact, freeBuffer, openArtifact } from "../core/format/artifact.ts";
import { ArtifactError } from "../core/format/errors.ts";
import { type CachedCopy, cachedCopy, copyBytes } from "./cached-copy.ts";
import type { LoadedParts, LoadSource } from "./loaded.ts";
import { answered, getObject } from "./objects.ts";
import type { FileLengths } from "./pointer.ts";
import { readExactly } from "./stream.ts";
import { createVerifier } from "./verifier.ts";

/** A forest's hot part, opened and checked. */
export interface LoadedForest {
  readonly artifact: Artifact;
  readonly from: "r2" | "cache";
}

/**
 * Loads the hot part of a forest, from the data centre's cache when it has it. A damaged cached copy is dropped and R2 asked
 * instead.
 *
 * @param onProgress called as bytes arrive; what it throws ends the load
 */
export async function loadForest(
  source: LoadSource,
  key: string,
  lengths: FileLengths,
  onProgress: () => void,
): Promise<LoadedForest> {
  const copy = hotCopy(source, key, lengths.forestHot);
  const cached = await copy.find();
  if (cached?.body) {
    try {
      const step = verifying(lengths, onProgress);
      const bytes = await readExactly(cached.body, lengths.forestHot, "The cached forest", step);
      return { artifact: opened(bytes), from: "cache" };
    } catch {
      // A load that was ended says nothing of the copy.
      onProgress();
      await copy.drop();
    }
  }
  const step = verifying(lengths, onProgress);
  const bytes = await readHot(source, { key, whole: lengths.forest, length: lengths.forestHot }, step);
  return { artifact: opened(bytes), from: "r2" };
}

function opened(bytes: Uint8Array): Artifact {
  try {
    return openArtifact(bytes, { trusted: true });
  } catch (error) {
    freeBuffer(bytes.buffer);
    throw error;
  }
}

/** Checks a forest's bytes as they arrive: afterwards they can be trusted. */
function verifying({ forestHot }: FileLengths, onProgress: () => void): (bytes: Uint8Array) => void {
  const verify = createVerifier(forestHot);
  return (bytes) => {
    onProgress();
    verify(bytes);
  };
}

/** Leaves a loaded forest in the data centre's cache, where the next cold isolate finds it. Best effort. */
export async function fillHotCache(source: LoadSource, parts: LoadedParts): Promise<void> {
  const { bytes } = parts.artifact;
  const { byteLength } = bytes;
  const copy = hotCopy(source, parts.forestKey, byteLength);
  await copy.put(byteLength, (write) => copyBytes(() => bytes, byteLength, write));
}

function hotCopy({ cache }: LoadSource, key: string, hotBytes: number): CachedCopy {
  return cachedCopy(cache, `${key}?hot=${hotBytes}`);
}

/** A part at the beginning of an object. */
export interface HotPart {
  readonly key: string;
  /** Bytes that the object must have. */
  readonly whole: number;
  readonly length: number;
}

/**
 * Reads the first bytes of an object.
 *
 * @throws ArtifactError `TRUNCATED`; AnnoyEdgeError `VERSION_INCOMPLETE`
 */
export async function readHot(
  source: LoadSource,
  { key, whole, length }: HotPart,
  onStep: (bytes: Uint8Array) => void,
): Promise<Uint8Array> {
  const checkSize = (size: number): void => {
    if (size === whole) return;
    throw new ArtifactError("TRUNCATED", `${key} has ${size} bytes; ${whole} were published.`);
  };
  let object: R2ObjectBody;
  try {
    object = await getObject(source.bucket, key, { offset: 0, length });
  } catch (error) {
    // An object that ends before the range does may come as a failure of the read.
    const head = await answered(source.bucket.head(key));
    if (head) checkSize(head.size);
    throw error;
  }
  checkSize(object.size);
  return readExactly(object.body, length, key, onStep);
}
