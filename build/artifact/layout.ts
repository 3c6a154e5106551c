import { checksum } from "../../worker/core/format/checksum.ts";
import { SECTION_ALIGNMENT, SECTIONS, type SectionName } from "../../worker/core/format/constants.ts";
import {
  type ArtifactHeader,
  CURRENT_VERSION,
  encodeHeader,
  type SectionEntry,
  tableEnd,
} from "../../worker/core/format/header.ts";
import { encodeColdChecksums } from "./cold-checksums.ts";

/** A section to be written. Its bytes may come in parts, so that large vectors are never copied together. */
export interface SectionSource {
  readonly name: SectionName;
  readonly hot: boolean;
  readonly critical?: boolean;
  readonly bytes: Uint8Array;
}

/** The header fields that the writer cannot know from the sections. */
export type HeaderFields = Omit<ArtifactHeader, "major" | "minor" | "fileBytes" | "hotBytes">;

export function align(offset: number): number {
  return Math.ceil(offset / SECTION_ALIGNMENT) * SECTION_ALIGNMENT;
}

/**
 * Lays out an artifact: hot sections first, cold ones behind them, each aligned and checksummed.
 * Returns the pieces in file order (gaps are zeros), so that a caller may stream them.
 */
export function layOutArtifact(
  fields: HeaderFields,
  sources: readonly SectionSource[],
): { pieces: Uint8Array[]; fileBytes: number; hotBytes: number } {
  const cold = sources.filter((s) => !s.hot);
  // Of a file that is laid out anew the table is, too.
  const hot = sources.filter((s) => s.hot && s.name !== "coldChecksums");
  const ordered = [...hot, ...checksumsOf(fields, cold), ...cold];
  const entries: SectionEntry[] = [];
  let end = tableEnd(ordered.length);
  let hotBytes = end;
  for (const source of ordered) {
    const offset = align(end);
    end = offset + source.bytes.byteLength;
    if (source.hot) hotBytes = end;
    entries.push({
      kind: SECTIONS[source.name],
      hot: source.hot,
      critical: source.critical ?? false,
      offset,
      length: source.bytes.byteLength,
      checksum: checksum(source.bytes),
    });
  }
  const header: ArtifactHeader = { ...fields, ...CURRENT_VERSION, fileBytes: end, hotBytes };
  const pieces = [encodeHeader(header, entries)];
  let written = pieces[0]!.byteLength;
  for (const [i, source] of ordered.entries()) {
    const gap = entries[i]!.offset - written;
    if (gap > 0) pieces.push(new Uint8Array(gap));
    pieces.push(source.bytes);
    written += gap + source.bytes.byteLength;
  }
  return { pieces, fileBytes: end, hotBytes };
}

/** Section coldChecksums, where searches read the cold part: codec binary keeps no other vectors. */
function checksumsOf({ codec }: HeaderFields, cold: readonly SectionSource[]): SectionSource[] {
  if (cold.length === 0 || codec !== "binary") return [];
  let end = 0;
  const pieces = cold.map(({ bytes }) => {
    const offset = align(end);
    end = offset + bytes.byteLength;
    return { offset, bytes };
  });
  return [{ name: "coldChecksums", hot: true, bytes: encodeColdChecksums(pieces, end) }];
}

/** The whole artifact in one buffer; for small ones and for tests. */
export function encodeArtifact(fields: HeaderFields, sources: readonly SectionSource[]): Uint8Array {
  const { pieces, fileBytes } = layOutArtifact(fields, sources);
  const bytes = new Uint8Array(fileBytes);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
