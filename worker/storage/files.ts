import { freeBuffer } from "../core/format/artifact.ts";
import { ArtifactError } from "../core/format/errors.ts";
import { versionKey } from "../core/format/keys.ts";
import { type ColdFile, createColdReader, type ReadRanges } from "./cold.ts";
import { fillColdCache, openColdFile, readsCold } from "./cold-file.ts";
import { fillHotCache, type LoadedForest, loadForest, readHot } from "./hot.ts";
import { artifactsOf, freeParts, type LoadedParts, type LoadResult, type LoadSource } from "./loaded.ts";
import type { PublishedManifest } from "./manifest.ts";
import type { FileLengths } from "./pointer.ts";
import { createRangeCache, type RangeCache } from "./range-cache.ts";
import { createSemaphore } from "./semaphore.ts";
import { type Load, loadTogether } from "./together.ts";

/** Files of a version, or of a shard of it. */
export interface Files {
  readonly version: string;
  readonly shard?: number;
  readonly lengths: FileLengths;
  readonly manifest: Promise<PublishedManifest>;
}

/**
 * Loads the hot parts of versions' files, all at once. When one cannot be loaded, none is kept in memory.
 *
 * @param onProgress called as bytes arrive; what it throws ends the loads
 * @throws ArtifactError naming the fault; AnnoyEdgeError `VERSION_INCOMPLETE`
 */
export function loadFiles(
  source: LoadSource,
  wanted: readonly Files[],
  onProgress: () => void,
): Promise<readonly LoadResult[]> {
  const load = (files: Files): Load<LoadResult> => ({
    run: (step) => loadOne(source, files, step),
    free: ({ parts }) => freeParts(parts),
  });
  return loadTogether<readonly LoadResult[]>(wanted.map(load), onProgress);
}

async function loadOne(
  source: LoadSource,
  { version, shard, lengths, manifest }: Files,
  onProgress: () => void,
): Promise<LoadResult> {
  const key = versionKey(source.name, version, "forest.bin", shard);
  const where = {
    key: versionKey(source.name, version, "placement.bin", shard),
    whole: lengths.placement,
    length: lengths.placementHot,
  };
  const [described, placement, { artifact, from }] = await loadTogether<
    [PublishedManifest, Uint8Array, LoadedForest]
  >(
    [
      { run: () => manifest, free: () => {} },
      { run: (step) => readHot(source, where, step), free: (bytes) => freeBuffer(bytes.buffer) },
      {
        run: (step) => loadForest(source, key, lengths, step),
        free: ({ artifact }) => freeBuffer(artifact.bytes.buffer),
      },
    ],
    onProgress,
  );
  try {
    if (artifact.header.fileBytes !== lengths.forest) {
      throw new ArtifactError(
        "BAD_HEADER",
        `${key} says it has ${artifact.header.fileBytes} bytes, the pointer ${lengths.forest}.`,
      );
    }
    const file = openColdFile(source, key, artifact);
    const parts: LoadedParts = {
      ...{ name: source.name, version, manifest: described, artifact, placement, forestKey: key },
      readRanges: createRangesReader(file, source.ranges ?? createRangeCache()),
    };
    return { from, parts, fresh: from === "r2" ? [parts] : [] };
  } catch (error) {
    freeParts({ artifact, placement });
    throw error;
  }
}

/** Memory of a search's reads of cold rows, about (see `READ_LIMITS`); in a Worker a part of its ranking's. */
const COLD_READ_BYTES = 2e6;
const coldReads = createSemaphore(3 * COLD_READ_BYTES);

/** Reads ranges in turns, so that who waits finds in memory what was read meanwhile. */
function createRangesReader(file: ColdFile, ranges: RangeCache): ReadRanges {
  const read = createColdReader(file, ranges);
  return (ranges) => coldReads(COLD_READ_BYTES, () => read(ranges));
}

/**
 * Leaves what was loaded in the data centre's cache: hot parts that it may lack, and whole files whose cold part searches
 * read. Best effort.
 *
 * @param release called when the bytes in memory are needed no more
 */
export async function fillCaches(
  source: LoadSource,
  { parts, fresh }: Pick<LoadResult, "parts" | "fresh">,
  release: () => void,
): Promise<void> {
  try {
    for (const one of fresh) await fillHotCache(source, one);
  } finally {
    release();
  }
  for (const { artifact, forestKey } of artifactsOf({ parts })) {
    if (readsCold(artifact)) await fillColdCache(source, forestKey, artifact.header.fileBytes);
  }
}
