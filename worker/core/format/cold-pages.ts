import { type Artifact, sectionBytes, viewOf } from "./artifact.ts";
import { checksum } from "./checksum.ts";
import { ArtifactError } from "./errors.ts";

/** Pages in which a file's cold part is read and checked. */
export interface ColdPages {
  /** Offset of the first page in the file. */
  readonly start: number;
  readonly pageBytes: number;
  /** XXH32 of each page; undefined for a file without section coldChecksums. */
  readonly checksums: Uint32Array | undefined;
}

/** Bytes of a page where a file does not say: ten rows of 384 dimensions. Larger ones would fill caches with neighbours. */
export const COLD_PAGE_BYTES = 4096;
const MOST_PAGE_BYTES = 1 << 20;

/**
 * Reads section coldChecksums: u32 bytes of a page, then a u32 checksum for each page of the cold part.
 *
 * @throws ArtifactError `BAD_SECTION` when it does not fit the file
 */
export function coldPagesOf(artifact: Artifact): ColdPages {
  const bytes = sectionBytes(artifact, "coldChecksums");
  if (!bytes) return { start: 0, pageBytes: COLD_PAGE_BYTES, checksums: undefined };
  const start = Math.min(...artifact.sections.filter(({ hot }) => !hot).map(({ offset }) => offset));
  const numbers = viewOf(bytes, Uint32Array, "coldChecksums");
  const [pageBytes = 0] = numbers;
  const checksums = numbers.subarray(1);
  const cold = artifact.header.fileBytes - start;
  const fits = pageBytes > 0 && pageBytes <= MOST_PAGE_BYTES;
  if (!fits || checksums.length !== Math.ceil(cold / pageBytes)) {
    throw new ArtifactError(
      "BAD_SECTION",
      `Section coldChecksums has ${bytes.byteLength} bytes, for pages of ${pageBytes} bytes and a cold part of ${cold}.`,
    );
  }
  return { start, pageBytes, checksums };
}

/** Whether a page matches its checksum; true for a file without checksums. */
export function isSoundPage({ checksums }: ColdPages, page: number, bytes: Uint8Array): boolean {
  return checksums === undefined || checksum(bytes) === checksums[page];
}
