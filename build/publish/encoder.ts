import { decodeEncoder } from "../../worker/core/format/encoder.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { encoderKey } from "../../worker/core/format/keys.ts";
import type { EncoderLength } from "../../worker/storage/pointer.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactFolder } from "./artifact.ts";
import { expectedOf, type Soundness } from "./objects.ts";
import type { PublishStore } from "./store.ts";

/** An encoder's object in R2, as publishing finds it. */
export interface EncoderUpload {
  /** Bytes to write; 0 when the object is there, or the index has no encoder. */
  readonly bytes: number;
  /** Writes the object, unless it is there. */
  upload(report: (progress: Progress) => void): Promise<void>;
}

/**
 * Looks for the encoder of an index in the bucket. Encoders are named by their content and shared by versions and
 * indexes, so most publishes find theirs there.
 *
 * @param force writes the object again, whatever is there
 */
export async function findEncoder(
  store: PublishStore,
  { encoder }: ArtifactFolder,
  force: boolean,
): Promise<EncoderUpload> {
  if (!encoder) return { bytes: 0, async upload() {} };
  const { path, bytes, hash } = encoder;
  const { etags } = await expectedOf({ path, bytes });
  const state = force ? "changed" : await encoderSoundness(store, { contentHash: hash, bytes }, etags);
  if (state === "sound") return { bytes: 0, async upload() {} };
  return {
    bytes,
    async upload(report) {
      const onProgress = (done: number) => report({ phase: "upload", done, total: bytes });
      await store.putObject(encoderKey(hash), { path, bytes }, { onProgress });
    },
  };
}

/**
 * Whether an encoder is there as it was published: by its length and etag, else by reading it.
 *
 * @param etags R2's of the encoder, as far as they are known
 */
export async function encoderSoundness(
  store: PublishStore,
  { contentHash, bytes }: EncoderLength,
  etags: readonly string[],
): Promise<Soundness> {
  const key = encoderKey(contentHash);
  const info = await store.headObject(key);
  if (!info) return "missing";
  if (info.bytes !== bytes) return "changed";
  if (etags.includes(info.etag)) return "sound";
  const object = await store.getObject(key);
  if (!object) return "missing";
  try {
    return decodeEncoder(object.bytes).contentHash === contentHash ? "sound" : "changed";
  } catch (error) {
    if (error instanceof AnnoyEdgeError) return "changed";
    throw error;
  }
}
