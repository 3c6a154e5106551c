import { checksum } from "./checksum.ts";
import {
  CODECS,
  type Codec,
  FOREST_KINDS,
  FORMAT_MAJOR,
  FORMAT_MINOR,
  type ForestKind,
  HEADER,
  HEADER_BYTES,
  MAGIC,
  MAX_DIMENSIONS,
  MAX_ITEMS,
  MAX_SECTIONS,
  METRICS,
  type Metric,
  type RescoreCodec,
  SECTION_ALIGNMENT,
  SECTION_ENTRY,
  SECTION_ENTRY_BYTES,
  SECTION_FLAGS,
  SECTIONS,
} from "./constants.ts";
import { ArtifactError } from "./errors.ts";

/** The fixed header as a plain object. Byte counts are whole-file figures. */
export interface ArtifactHeader {
  readonly major: number;
  readonly minor: number;
  readonly fileBytes: number;
  /** Length of the hot part: header, section table and every hot section. */
  readonly hotBytes: number;
  readonly metric: Metric;
  readonly codec: Codec;
  readonly forestKind: ForestKind;
  readonly rescore: RescoreCodec;
  readonly dimensions: number;
  /** Largest item number plus one; holes count. */
  readonly nItems: number;
  /** Stored vectors; `nItems` less the holes. */
  readonly nSlots: number;
  readonly nTrees: number;
  readonly defaultSearchK: number;
  readonly seed: number;
  /** Items of a leaf: aimed at (compact), at most (annoy); 0 without leaves. */
  readonly leafSize: number;
  readonly certifiedRecall: number;
}

export interface SectionEntry {
  readonly kind: number;
  readonly hot: boolean;
  readonly critical: boolean;
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

/** Bytes that header and section table take: what a reader needs before anything else. */
export function tableEnd(sectionCount: number): number {
  return HEADER_BYTES + sectionCount * SECTION_ENTRY_BYTES;
}

/** Writes header and section table; the inverse of {@link decodeHeader}. */
export function encodeHeader(header: ArtifactHeader, sections: readonly SectionEntry[]): Uint8Array {
  const bytes = new Uint8Array(tableEnd(sections.length));
  const view = new DataView(bytes.buffer);
  for (const [i, s] of sections.entries()) {
    const at = HEADER_BYTES + i * SECTION_ENTRY_BYTES;
    view.setUint32(at + SECTION_ENTRY.kind, s.kind, true);
    const flags = (s.hot ? SECTION_FLAGS.hot : 0) | (s.critical ? SECTION_FLAGS.critical : 0);
    view.setUint32(at + SECTION_ENTRY.flags, flags, true);
    view.setBigUint64(at + SECTION_ENTRY.offset, BigInt(s.offset), true);
    view.setBigUint64(at + SECTION_ENTRY.length, BigInt(s.length), true);
    view.setUint32(at + SECTION_ENTRY.checksum, s.checksum, true);
  }
  bytes.set(MAGIC, HEADER.magic);
  view.setUint16(HEADER.major, header.major, true);
  view.setUint16(HEADER.minor, header.minor, true);
  view.setUint32(HEADER.headerBytes, HEADER_BYTES, true);
  view.setBigUint64(HEADER.fileBytes, BigInt(header.fileBytes), true);
  view.setBigUint64(HEADER.hotBytes, BigInt(header.hotBytes), true);
  view.setUint32(HEADER.sectionCount, sections.length, true);
  view.setUint32(HEADER.sectionEntryBytes, SECTION_ENTRY_BYTES, true);
  view.setUint8(HEADER.metric, METRICS.indexOf(header.metric));
  view.setUint8(HEADER.codec, CODECS.indexOf(header.codec));
  view.setUint8(HEADER.forestKind, FOREST_KINDS.indexOf(header.forestKind));
  view.setUint8(HEADER.rescoreCodec, CODECS.indexOf(header.rescore));
  view.setUint32(HEADER.dimensions, header.dimensions, true);
  view.setUint32(HEADER.nItems, header.nItems, true);
  view.setUint32(HEADER.nSlots, header.nSlots, true);
  view.setUint32(HEADER.nTrees, header.nTrees, true);
  view.setUint32(HEADER.defaultSearchK, header.defaultSearchK, true);
  view.setUint32(HEADER.seed, header.seed, true);
  view.setUint32(HEADER.leafSize, header.leafSize, true);
  view.setFloat32(HEADER.certifiedRecall, header.certifiedRecall, true);
  view.setUint32(HEADER.tableChecksum, checksum(bytes.subarray(HEADER_BYTES)), true);
  view.setUint32(HEADER.headerChecksum, checksum(bytes.subarray(0, HEADER.headerChecksum)), true);
  return bytes;
}

/**
 * Reads and checks header and section table. `bytes` may be any beginning of the file that holds both.
 *
 * @throws ArtifactError `BAD_MAGIC`, `UNSUPPORTED_VERSION`, `TRUNCATED`, `CHECKSUM_MISMATCH`, `BAD_HEADER`, `BAD_SECTION`
 */
export function decodeHeader(bytes: Uint8Array): { header: ArtifactHeader; sections: SectionEntry[] } {
  if (bytes.byteLength < MAGIC.length || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ArtifactError(
      "BAD_MAGIC",
      "Not an annoy-edge artifact: the first 8 bytes are not its signature.",
    );
  }
  if (bytes.byteLength < HEADER_BYTES) {
    throw truncated(
      `The artifact ends after ${bytes.byteLength} bytes, within its ${HEADER_BYTES}-byte header.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = view.getUint16(HEADER.major, true);
  if (major !== FORMAT_MAJOR) {
    throw unsupported(
      `The artifact has format version ${major}; this reader knows version ${FORMAT_MAJOR}. Rebuild it, or update the reader.`,
    );
  }
  const headerSum = view.getUint32(HEADER.headerChecksum, true);
  if (checksum(bytes.subarray(0, HEADER.headerChecksum)) !== headerSum) {
    throw new ArtifactError("CHECKSUM_MISMATCH", "The artifact's header does not match its checksum.");
  }
  const header: ArtifactHeader = {
    major,
    minor: view.getUint16(HEADER.minor, true),
    fileBytes: byteCount(view, HEADER.fileBytes, "file length"),
    hotBytes: byteCount(view, HEADER.hotBytes, "hot length"),
    metric: member(METRICS, view.getUint8(HEADER.metric), "metric"),
    codec: vectorCodec(view.getUint8(HEADER.codec)),
    forestKind: member(FOREST_KINDS, view.getUint8(HEADER.forestKind), "forest kind"),
    rescore: member(CODECS, view.getUint8(HEADER.rescoreCodec), "rescoring codec"),
    dimensions: view.getUint32(HEADER.dimensions, true),
    nItems: view.getUint32(HEADER.nItems, true),
    nSlots: view.getUint32(HEADER.nSlots, true),
    nTrees: view.getUint32(HEADER.nTrees, true),
    defaultSearchK: view.getUint32(HEADER.defaultSearchK, true),
    seed: view.getUint32(HEADER.seed, true),
    leafSize: view.getUint32(HEADER.leafSize, true),
    certifiedRecall: view.getFloat32(HEADER.certifiedRecall, true),
  };
  const headerBytes = view.getUint32(HEADER.headerBytes, true);
  const entryBytes = view.getUint32(HEADER.sectionEntryBytes, true);
  const count = view.getUint32(HEADER.sectionCount, true);
  // A later minor version may lengthen header and entries; the fields known here keep their places.
  if (
    headerBytes < HEADER_BYTES ||
    headerBytes > 65_536 ||
    entryBytes < SECTION_ENTRY_BYTES ||
    entryBytes > 4096
  ) {
    throw badHeader(`Header of ${headerBytes} bytes, section entries of ${entryBytes}.`);
  }
  if (count > MAX_SECTIONS) throw badHeader(`${count} sections; at most ${MAX_SECTIONS} make sense.`);
  if (header.dimensions < 1 || header.dimensions > MAX_DIMENSIONS) {
    throw badHeader(`${header.dimensions} dimensions; 1 to ${MAX_DIMENSIONS} are possible.`);
  }
  if (header.nItems > MAX_ITEMS || header.nSlots > header.nItems) {
    throw badHeader(`${header.nSlots} vectors for ${header.nItems} items.`);
  }
  const end = headerBytes + count * entryBytes;
  if (header.hotBytes < end || header.fileBytes < header.hotBytes) {
    throw badHeader(
      `File of ${header.fileBytes} bytes, hot part of ${header.hotBytes}, section table to ${end}.`,
    );
  }
  if (bytes.byteLength < end) {
    throw truncated(`The artifact ends after ${bytes.byteLength} bytes, within its section table.`);
  }
  if (checksum(bytes.subarray(headerBytes, end)) !== view.getUint32(HEADER.tableChecksum, true)) {
    throw new ArtifactError("CHECKSUM_MISMATCH", "The artifact's section table does not match its checksum.");
  }
  return { header, sections: decodeTable(view, header, headerBytes, entryBytes, count) };
}

function decodeTable(
  view: DataView,
  header: ArtifactHeader,
  headerBytes: number,
  entryBytes: number,
  count: number,
): SectionEntry[] {
  const known = new Set<number>(Object.values(SECTIONS));
  const sections: SectionEntry[] = [];
  let previousEnd = headerBytes + count * entryBytes;
  for (let i = 0; i < count; i++) {
    const at = headerBytes + i * entryBytes;
    const flags = view.getUint32(at + SECTION_ENTRY.flags, true);
    const section: SectionEntry = {
      kind: view.getUint32(at + SECTION_ENTRY.kind, true),
      hot: (flags & SECTION_FLAGS.hot) !== 0,
      critical: (flags & SECTION_FLAGS.critical) !== 0,
      offset: byteCount(view, at + SECTION_ENTRY.offset, "section offset"),
      length: byteCount(view, at + SECTION_ENTRY.length, "section length"),
      checksum: view.getUint32(at + SECTION_ENTRY.checksum, true),
    };
    const limit = section.hot ? header.hotBytes : header.fileBytes;
    if (section.offset < previousEnd || section.offset % SECTION_ALIGNMENT !== 0) {
      throw badSection(`Section ${section.kind} starts at ${section.offset}, out of order or unaligned.`);
    }
    if (section.offset + section.length > limit) {
      throw badSection(
        `Section ${section.kind} (${section.length} bytes at ${section.offset}) reaches past byte ${limit}.`,
      );
    }
    if (sections.some((s) => s.kind === section.kind)) {
      throw badSection(`Section ${section.kind} occurs twice.`);
    }
    if (section.critical && !known.has(section.kind)) {
      throw unsupported(
        `The artifact needs section ${section.kind}, which this reader does not know. Update the reader.`,
      );
    }
    previousEnd = section.offset + section.length;
    sections.push(section);
  }
  return sections;
}

function byteCount(view: DataView, at: number, what: string): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw badHeader(`Impossible ${what}: ${value}.`);
  return Number(value);
}

function member<T>(list: readonly T[], index: number, what: string): T {
  const value = list[index];
  if (value === undefined) throw badHeader(`Unknown ${what} ${index}.`);
  return value;
}

function vectorCodec(index: number): Codec {
  const codec = member(CODECS, index, "codec");
  if (codec === "none") throw badHeader("Vectors cannot have codec none.");
  return codec;
}

function badHeader(message: string): ArtifactError {
  return new ArtifactError("BAD_HEADER", message);
}

export function badSection(message: string): ArtifactError {
  return new ArtifactError("BAD_SECTION", message);
}

export function truncated(message: string): ArtifactError {
  return new ArtifactError("TRUNCATED", message);
}

function unsupported(message: string): ArtifactError {
  return new ArtifactError("UNSUPPORTED_VERSION", message);
}

export const CURRENT_VERSION = { major: FORMAT_MAJOR, minor: FORMAT_MINOR } as const;
