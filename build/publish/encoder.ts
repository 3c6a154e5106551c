import { encoderKey } from "../../worker/core/format/keys.ts";
import type { Progress } from "../settings/progress.ts";
import type { ArtifactFolder } from "./artifact.ts";
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
  const key = encoderKey(hash);
  const there = force ? undefined : await store.headObject(key);
  if (there?.bytes === bytes) return { bytes: 0, async upload() {} };
  return {
    bytes,
    async upload(report) {
      const onProgress = (done: number) => report({ phase: "upload", done, total: bytes });
      await store.putObject(key, { path, bytes }, { onProgress });
    },
  };
}
