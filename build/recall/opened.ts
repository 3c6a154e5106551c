import { type Artifact, openArtifact } from "../../worker/core/format/artifact.ts";
import type { MeasuredArtifact } from "./held-out.ts";

/** Returns a function that opens artifacts and keeps the last one: many tasks of a thread about one follow each other. */
export function openerOf<Opened>(
  open: (artifact: Artifact) => Opened,
): (measured: MeasuredArtifact) => Opened {
  let last:
    | { readonly buffer: SharedArrayBuffer; readonly edition: number; readonly opened: Opened }
    | undefined;
  return ({ bytes, edition }) => {
    if (last?.edition !== edition || last.buffer !== bytes.buffer)
      last = { buffer: bytes.buffer, edition, opened: open(openArtifact(bytes, { trusted: true })) };
    return last.opened;
  };
}
