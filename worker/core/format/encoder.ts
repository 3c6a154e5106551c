import { checksum } from "./checksum.ts";
import { ArtifactError } from "./errors.ts";
import { fromHex, toHex } from "./hex.ts";

/**
 * Every number that a writer and a reader of an encoder file must agree on. The normative text is `docs/format-encoder.md`;
 * `test/format-encoder-document.test.ts` holds the two against each other.
 */

/** As of `forest.bin`, with the name `AEENC`. */
export const ENCODER_MAGIC: readonly number[] = [0x89, 0x41, 0x45, 0x45, 0x4e, 0x43, 0x0d, 0x0a];
export const ENCODER_MAJOR = 1;
export const ENCODER_MINOR = 0;
export const ENCODER_HEADER_BYTES = 64;
export const ENCODER_ENTRY_BYTES = 32;
export const ENCODER_ALIGNMENT = 64;
export const ENCODER_MAX_SECTIONS = 64;

/** Field offsets within the header, in bytes. */
export const ENCODER_HEADER = {
  magic: 0,
  major: 8,
  minor: 10,
  headerBytes: 12,
  fileBytes: 16,
  sectionCount: 24,
  sectionEntryBytes: 28,
  contentHash: 32,
  tableChecksum: 40,
  headerChecksum: 44,
} as const;

/** Field offsets within an entry of the section table, in bytes. */
export const ENCODER_ENTRY = { kind: 0, checksum: 4, offset: 8, length: 16 } as const;

export const ENCODER_SECTIONS = {
  config: 1,
  tokenFirst: 16,
  tokenSecond: 17,
  tokenScores: 18,
  tokenCodes: 32,
  tokenScales: 33,
  positionCodes: 34,
  positionScales: 35,
  embeddingNorm: 36,
  relativeBias: 37,
  layers: 48,
} as const;
export type EncoderSection = keyof typeof ENCODER_SECTIONS;

/** Rows and columns of a tile of weights: the four lanes of one product belong to four rows. */
export const TILE_ROWS = 4;
export const TILE_COLUMNS = 4;
/** A matrix has rows in multiples of this, */
export const MATRIX_ROWS = 8;
/** and columns in multiples of this. */
export const MATRIX_COLUMNS = 16;

export interface EncoderHeader {
  /** The first 16 hex digits of the SHA-256 over the sections in the table's order. */
  readonly contentHash: string;
  readonly sections: ReadonlyMap<EncoderSection, { readonly offset: number; readonly length: number }>;
}

/** Place of a weight within a matrix of `columns` columns, in bytes. */
export function tilePlace(row: number, column: number, columns: number): number {
  const tile = Math.floor(row / TILE_ROWS) * (columns / TILE_COLUMNS) + Math.floor(column / TILE_COLUMNS);
  return tile * TILE_ROWS * TILE_COLUMNS + (row % TILE_ROWS) * TILE_COLUMNS + (column % TILE_COLUMNS);
}

/** Sizes of one layer's arrays, in the order in which they lie in section `layers`. */
export function layerShape(hidden: number, intermediate: number) {
  const matrices = [
    { name: "attention", rows: 3 * hidden, columns: hidden },
    { name: "attentionOut", rows: hidden, columns: hidden },
    { name: "up", rows: intermediate, columns: hidden },
    { name: "down", rows: hidden, columns: intermediate },
  ] as const;
  const bytes = matrices.reduce((sum, { rows, columns }) => sum + rows * columns + 12 * rows, 0);
  return { matrices, bytes: bytes + 16 * hidden };
}

/**
 * Joins sections to a file. The hash is the caller's, as this room knows no SHA-256.
 *
 * @param contentHash 16 hex digits
 */
export function encodeEncoder(
  sections: readonly (readonly [EncoderSection, Uint8Array])[],
  contentHash: string,
): Uint8Array {
  const tableEnd = ENCODER_HEADER_BYTES + sections.length * ENCODER_ENTRY_BYTES;
  let end = align(tableEnd);
  const offsets = sections.map(([, content]) => {
    const offset = end;
    end = align(offset + content.byteLength);
    return offset;
  });
  const bytes = new Uint8Array(end);
  const view = new DataView(bytes.buffer);
  for (const [i, [name, content]] of sections.entries()) {
    const at = ENCODER_HEADER_BYTES + i * ENCODER_ENTRY_BYTES;
    view.setUint32(at + ENCODER_ENTRY.kind, ENCODER_SECTIONS[name], true);
    view.setUint32(at + ENCODER_ENTRY.checksum, checksum(content), true);
    view.setBigUint64(at + ENCODER_ENTRY.offset, BigInt(offsets[i]!), true);
    view.setBigUint64(at + ENCODER_ENTRY.length, BigInt(content.byteLength), true);
    bytes.set(content, offsets[i]!);
  }
  bytes.set(ENCODER_MAGIC);
  view.setUint16(ENCODER_HEADER.major, ENCODER_MAJOR, true);
  view.setUint16(ENCODER_HEADER.minor, ENCODER_MINOR, true);
  view.setUint32(ENCODER_HEADER.headerBytes, ENCODER_HEADER_BYTES, true);
  view.setBigUint64(ENCODER_HEADER.fileBytes, BigInt(end), true);
  view.setUint32(ENCODER_HEADER.sectionCount, sections.length, true);
  view.setUint32(ENCODER_HEADER.sectionEntryBytes, ENCODER_ENTRY_BYTES, true);
  bytes.set(fromHex(contentHash), ENCODER_HEADER.contentHash);
  view.setUint32(
    ENCODER_HEADER.tableChecksum,
    checksum(bytes.subarray(ENCODER_HEADER_BYTES, tableEnd)),
    true,
  );
  const covered = bytes.subarray(0, ENCODER_HEADER.headerChecksum);
  view.setUint32(ENCODER_HEADER.headerChecksum, checksum(covered), true);
  return bytes;
}

/**
 * Reads and checks header, section table and every section's checksum.
 *
 * @throws ArtifactError `BAD_MAGIC`, `UNSUPPORTED_VERSION`, `TRUNCATED`, `CHECKSUM_MISMATCH`, `BAD_HEADER`, `BAD_SECTION`
 */
export function decodeEncoder(bytes: Uint8Array): EncoderHeader {
  if (ENCODER_MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ArtifactError("BAD_MAGIC", "Not an encoder file: the first 8 bytes are not its signature.");
  }
  if (bytes.byteLength < ENCODER_HEADER_BYTES) throw truncated(bytes.byteLength, ENCODER_HEADER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = view.getUint16(ENCODER_HEADER.major, true);
  if (major !== ENCODER_MAJOR) {
    throw new ArtifactError(
      "UNSUPPORTED_VERSION",
      `The encoder file has format version ${major}; this reader knows version ${ENCODER_MAJOR}. Import the model again, or update the reader.`,
    );
  }
  const covered = bytes.subarray(0, ENCODER_HEADER.headerChecksum);
  if (checksum(covered) !== view.getUint32(ENCODER_HEADER.headerChecksum, true)) throw mismatch("header");
  const fileBytes = Number(view.getBigUint64(ENCODER_HEADER.fileBytes, true));
  const headerBytes = view.getUint32(ENCODER_HEADER.headerBytes, true);
  const entryBytes = view.getUint32(ENCODER_HEADER.sectionEntryBytes, true);
  const count = view.getUint32(ENCODER_HEADER.sectionCount, true);
  const tableEnd = headerBytes + count * entryBytes;
  // A later minor version may lengthen header and entries; the fields known here keep their places.
  if (
    headerBytes < ENCODER_HEADER_BYTES ||
    headerBytes > 65_536 ||
    entryBytes < ENCODER_ENTRY_BYTES ||
    entryBytes > 4096 ||
    count > ENCODER_MAX_SECTIONS ||
    tableEnd > fileBytes
  ) {
    throw new ArtifactError(
      "BAD_HEADER",
      `The encoder file has a header of ${headerBytes} bytes and ${count} section entries of ${entryBytes}.`,
    );
  }
  if (bytes.byteLength < fileBytes) throw truncated(bytes.byteLength, fileBytes);
  if (
    checksum(bytes.subarray(headerBytes, tableEnd)) !== view.getUint32(ENCODER_HEADER.tableChecksum, true)
  ) {
    throw mismatch("section table");
  }
  const names = new Map(
    Object.entries(ENCODER_SECTIONS).map(([name, kind]) => [kind, name as EncoderSection] as const),
  );
  const sections = new Map<EncoderSection, { offset: number; length: number }>();
  for (let at = headerBytes; at < tableEnd; at += entryBytes) {
    const name = names.get(view.getUint32(at + ENCODER_ENTRY.kind, true) as never);
    if (name === undefined) continue;
    const offset = Number(view.getBigUint64(at + ENCODER_ENTRY.offset, true));
    const length = Number(view.getBigUint64(at + ENCODER_ENTRY.length, true));
    if (
      offset % ENCODER_ALIGNMENT !== 0 ||
      offset < tableEnd ||
      offset + length > fileBytes ||
      sections.has(name)
    ) {
      throw new ArtifactError(
        "BAD_SECTION",
        `The encoder file's section ${name} cannot lie at ${offset} with ${length} bytes.`,
      );
    }
    const content = bytes.subarray(offset, offset + length);
    if (checksum(content) !== view.getUint32(at + ENCODER_ENTRY.checksum, true))
      throw mismatch(`section ${name}`);
    sections.set(name, { offset, length });
  }
  const contentHash = bytes.subarray(ENCODER_HEADER.contentHash, ENCODER_HEADER.tableChecksum);
  return { contentHash: toHex(contentHash), sections };
}

function align(bytes: number): number {
  return Math.ceil(bytes / ENCODER_ALIGNMENT) * ENCODER_ALIGNMENT;
}

function truncated(have: number, need: number): ArtifactError {
  return new ArtifactError("TRUNCATED", `The encoder file ends after ${have} of ${need} bytes.`);
}

function mismatch(part: string): ArtifactError {
  return new ArtifactError("CHECKSUM_MISMATCH", `The encoder file's ${part} does not match its checksum.`);
}
