import { freeBuffer } from "../core/format/artifact.ts";

/** Bytes that an isolate holds of an artifact. */
interface HeldBytes {
  readonly artifact: { readonly bytes: Uint8Array };
  readonly placement: Uint8Array;
}

/** Gives back the memory of an artifact that nothing uses any more; its base's is left alone. */
export function freeParts({ artifact, placement }: HeldBytes): void {
  freeBuffer(artifact.bytes.buffer);
  freeBuffer(placement.buffer);
}
