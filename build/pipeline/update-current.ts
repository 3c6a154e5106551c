import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Manifest } from "../../worker/core/format/meta.ts";
import { type UpdateResult, updateWithin } from "../changes/update.ts";
import type { PublishStore } from "../publish/index.ts";
import { type BuildOptions, settingsOf } from "./build.ts";
import { withFolderOf } from "./version-folder.ts";

/** Share of the base beyond which changes are built into a new one. */
export const COMPACT_AT = 0.1;

/** Faults of documents, or of the base, that a build from scratch deals with, or names. */
const FOR_A_BUILD = new Set([
  "ARTIFACT_CHANGED",
  "COLUMN_MISMATCH",
  "DIMENSION_MISMATCH",
  "MISSING_VECTOR",
  "NO_EMBEDDER",
  "NOT_AN_ARTIFACT",
  "NOTHING_LEFT",
  "VERSION_INCOMPLETE",
]);

/**
 * Makes the changes between the current version and the documents of a build: on top of the current version's base, and in
 * the build's folder.
 *
 * @param current manifest of the current version
 * @param most share of the base that the changes may have
 * @returns undefined, and nothing written, when the settings are others or the changes too many: build from scratch
 */
export async function updateCurrent(
  build: BuildOptions,
  current: Manifest,
  { most, open }: { readonly most: number; readonly open: () => Promise<PublishStore> },
): Promise<UpdateResult | undefined> {
  const { documents, out } = build;
  // Documents that can be read once only must be there for a build.
  if (documents !== undefined && typeof documents !== "function" && !Array.isArray(documents))
    return undefined;
  if (!(await hasSettings(build, current))) return undefined;
  try {
    return await withFolderOf(current, out, open, (dir) =>
      updateWithin(dir, { ...build, all: true, out }, most),
    );
  } catch (error) {
    if (error instanceof AnnoyEdgeError && FOR_A_BUILD.has(error.code)) return undefined;
    throw error;
  }
}

/** Whether a build has the settings of the current version. */
async function hasSettings(build: BuildOptions, { source = {}, shards }: Manifest): Promise<boolean> {
  const inShards = shards !== undefined;
  // Shards do not tell whether their vectors came with the documents.
  const ways = inShards ? [false, true] : [typeof source.settings === "string"];
  for (const vectorsGiven of ways) {
    const settings = await settingsOf(build, { vectorsGiven, inShards });
    if (settings !== undefined && settings === (source.settings ?? source.fingerprint)) return true;
  }
  return false;
}
