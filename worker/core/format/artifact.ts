import { checksum } from "./checksum.ts";
import { SECTIONS, type SectionName } from "./constants.ts";
import { ArtifactError } from "./errors.ts";
import { type ArtifactHeader, badSection, decodeHeader, type SectionEntry, truncated } from "./header.ts";
import { jsonOf } from "./json.ts";
import type { ArtifactMeta } from "./meta.ts";

/** An opened artifact: checked header and sections over the caller's bytes, nothing copied. */
export interface Artifact {
  readonly header: ArtifactHeader;
  readonly meta: ArtifactMeta;
  /** The hot part, or the whole file. */
  readonly bytes: Uint8Array;
  readonly sections: readonly SectionEntry[];
}

export interface OpenOptions {
  /** Skip the sections' checksums (the caller has verified the same bytes before). */
  readonly trusted?: boolean;
}

/**
 * Opens an artifact over `bytes`: the hot part alone, or the whole file. Checks the header, the table and the
 * checksum of every section that is present. Sections are views; the caller must not change `bytes` afterwards.
 * Takes time proportional to the bytes (the checksums) and nothing else.
 *
 * @throws ArtifactError naming the fault
 */
export function openArtifact(bytes: Uint8Array, options: OpenOptions = {}): Artifact {
  const { header, sections } = decodeHeader(bytes);
  if (bytes.byteOffset % 8 !== 0) {
    throw badSection(`The artifact's bytes start at ${bytes.byteOffset}; views need a multiple of 8.`);
  }
  if (bytes.byteLength < header.hotBytes) {
    throw truncated(
      `The artifact ends after ${bytes.byteLength} bytes; its hot part has ${header.hotBytes}.`,
    );
  }
  if (bytes.byteLength > header.hotBytes && bytes.byteLength < header.fileBytes) {
    throw truncated(`The artifact ends after ${bytes.byteLength} of ${header.fileBytes} bytes.`);
  }
  if (bytes.byteLength > header.fileBytes) {
    throw new ArtifactError(
      "BAD_HEADER",
      `The file has ${bytes.byteLength} bytes, its header says ${header.fileBytes}.`,
    );
  }
  if (!options.trusted) {
    for (const s of sections) {
      if (s.offset + s.length > bytes.byteLength) continue;
      if (checksum(bytes.subarray(s.offset, s.offset + s.length)) !== s.checksum) {
        throw checksumMismatch(s);
      }
    }
  }
  return { header, sections, bytes, meta: readMeta(header, { sections, bytes }) };
}

export function checksumMismatch({ kind, length, offset }: SectionEntry): ArtifactError {
  return new ArtifactError(
    "CHECKSUM_MISMATCH",
    `Section ${sectionName(kind)} (${length} bytes at ${offset}) does not match its checksum.`,
  );
}

/** The name of a section kind, or its number when this version has no name for it. */
export function sectionName(kind: number): string {
  for (const [name, number] of Object.entries(SECTIONS)) if (number === kind) return name;
  return String(kind);
}

export function findSection(
  artifact: Pick<Artifact, "sections">,
  name: SectionName,
): SectionEntry | undefined {
  return artifact.sections.find((s) => s.kind === SECTIONS[name]);
}

/** The bytes of a section, or undefined when the file has none or its cold part is not in memory. */
export function sectionBytes(
  artifact: Pick<Artifact, "sections" | "bytes">,
  name: SectionName,
): Uint8Array | undefined {
  const section = findSection(artifact, name);
  if (!section || section.offset + section.length > artifact.bytes.byteLength) return undefined;
  return artifact.bytes.subarray(section.offset, section.offset + section.length);
}

/** The bytes of a section that must be there. */
export function requireBytes(
  artifact: Pick<Artifact, "sections" | "bytes">,
  name: SectionName,
  length?: number,
): Uint8Array {
  const bytes = sectionBytes(artifact, name);
  if (!bytes) throw new ArtifactError("MISSING_SECTION", `The artifact has no section ${name}.`);
  if (length !== undefined && bytes.byteLength !== length) {
    throw badSection(`Section ${name} has ${bytes.byteLength} bytes; ${length} are expected.`);
  }
  return bytes;
}

type ViewConstructor<T> = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
};

/** A typed-array view of a required section with exactly `length` elements (any whole number when left out). */
export function requireView<T>(
  artifact: Pick<Artifact, "sections" | "bytes">,
  name: SectionName,
  type: ViewConstructor<T>,
  length?: number,
): T {
  const bytes = requireBytes(
    artifact,
    name,
    length === undefined ? undefined : length * type.BYTES_PER_ELEMENT,
  );
  return viewOf(bytes, type, name);
}

/** A view over the same bytes; sections are 64-byte aligned, so no copy is ever needed. */
export function viewOf<T>(bytes: Uint8Array, type: ViewConstructor<T>, name: string): T {
  if (bytes.byteLength % type.BYTES_PER_ELEMENT !== 0) {
    throw badSection(
      `Section ${name} has ${bytes.byteLength} bytes, not a multiple of ${type.BYTES_PER_ELEMENT}.`,
    );
  }
  return new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / type.BYTES_PER_ELEMENT);
}

function readMeta(header: ArtifactHeader, artifact: Pick<Artifact, "sections" | "bytes">): ArtifactMeta {
  const notJson = (cause: unknown) =>
    new ArtifactError("CORRUPT_META", "Section meta is not UTF-8 JSON.", { cause });
  const meta = jsonOf(requireBytes(artifact, "meta"), notJson) as ArtifactMeta;
  if (typeof meta !== "object" || meta === null) {
    throw corruptMeta("Section meta is not a JSON object.");
  }
  if (meta.metric !== header.metric || meta.dimensions !== header.dimensions || meta.codec !== header.codec) {
    throw corruptMeta("Section meta and the header name different metrics, dimensions or codecs.");
  }
  if (
    typeof meta.name !== "string" ||
    typeof meta.forest !== "object" ||
    meta.forest === null ||
    !isCertified(meta.certified)
  ) {
    throw corruptMeta("Section meta lacks name, forest or certified recall.");
  }
  return meta;
}

/** Whether the figures are there that searches read. */
function isCertified(certified: Partial<ArtifactMeta["certified"]> | null | undefined): boolean {
  if (typeof certified !== "object" || certified === null) return false;
  const { defaultSearchK, target, rows } = certified;
  if (typeof defaultSearchK !== "number" || typeof target !== "number" || !Array.isArray(rows)) return false;
  return rows.every((row: unknown) => {
    const { searchK, recallAt100 } = (row ?? {}) as { searchK?: unknown; recallAt100?: unknown };
    return typeof searchK === "number" && typeof recallAt100 === "number";
  });
}

function corruptMeta(message: string): ArtifactError {
  return new ArtifactError("CORRUPT_META", message);
}

/**
 * Gives the memory of bytes back at once, which otherwise lasts until V8 collects garbage: an isolate that swaps versions
 * under load held three of them. Every view of the bytes is empty afterwards.
 */
export function freeBuffer(buffer: ArrayBufferLike): void {
  // Shared memory cannot be given back, and none twice.
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
