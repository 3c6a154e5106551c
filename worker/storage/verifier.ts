import { checksumMismatch } from "../core/format/artifact.ts";
import { addStripes, finishLanes, type Lanes, startLanes } from "../core/format/checksum.ts";
import { decodeHeader, type SectionEntry } from "../core/format/header.ts";

/** Bytes of a stripe, which a checksum takes at once. */
const STRIPE = 16;

/**
 * Checks an artifact's header and sections while its bytes arrive: what there is to compute is done between two reads
 * instead of after the last one, and a foreign file is found out by its first bytes.
 *
 * @param length of the part that is read; sections behind it are left out
 * @returns to be called with all bytes so far, each time that there are more
 * @throws ArtifactError as `openArtifact` does, from the call that shows the fault
 */
export function createVerifier(length: number): (bytes: Uint8Array) => void {
  let sections: SectionEntry[] | undefined;
  let current = 0;
  let at = 0;
  let lanes: Lanes = startLanes();
  return (bytes) => {
    if (!sections) {
      sections = decodeHeader(bytes).sections.filter((s) => s.offset + s.length <= length);
      at = sections[0]?.offset ?? 0;
    }
    for (let section = sections[current]; section; section = sections[current]) {
      const end = section.offset + section.length;
      const available = Math.min(bytes.byteLength, end) - at;
      if (available >= STRIPE) {
        const whole = available - (available % STRIPE);
        addStripes(lanes, bytes.subarray(at, at + whole));
        at += whole;
      }
      if (bytes.byteLength < end) return;
      if (finishLanes(lanes, bytes.subarray(at, end), section.length) !== section.checksum) {
        throw checksumMismatch(section);
      }
      current++;
      at = sections[current]?.offset ?? end;
      lanes = startLanes();
    }
  };
}
