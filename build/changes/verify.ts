import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { BaseMeta } from "../../worker/core/format/meta.ts";
import { BASE_FOLDER } from "../artifact/version.ts";
import { openLocalIndex } from "../local/local-index.ts";
import { measureRecall, type RecallMeasurement } from "../recall/verify.ts";
import type { Progress } from "../settings/progress.ts";
import { joinForests, liveItems } from "./measure.ts";

/** Result of verifying an artifact folder, as far as it is needed of a base. */
interface Verified {
  readonly ok: boolean;
  readonly version: string | null;
  readonly checks: readonly { readonly ok: boolean; readonly message: string }[];
}

/**
 * Checks the base of a folder of changes, and that the two belong together.
 *
 * @returns the finding, in a sentence
 * @throws AnnoyEdgeError `BASE_MISMATCH`, `BASE_UNSOUND`
 */
export async function checkBase(
  dir: string,
  { version, added, removed, items }: BaseMeta,
  verify: (dir: string) => Promise<Verified>,
): Promise<string> {
  const folder = join(dir, BASE_FOLDER);
  const found = await verify(folder);
  if (found.version !== null && found.version !== version) {
    throw new AnnoyEdgeError(
      "BASE_MISMATCH",
      `${folder} has version ${found.version}; the changes are on top of ${version}. Build the index anew.`,
    );
  }
  const fault = found.checks.find(({ ok }) => !ok);
  if (fault) throw new AnnoyEdgeError("BASE_UNSOUND", `${folder}: ${fault.message}`);
  return `${version} is sound: ${items} documents, of which ${removed} are gone or replaced; ${added} are on top`;
}

/** Measures the recall of base and changes together against brute force. */
export async function measureChanged(
  dir: string,
  onProgress?: (progress: Progress) => void,
): Promise<RecallMeasurement | undefined> {
  const index = await openLocalIndex(dir, { embedder: () => undefined });
  try {
    const forest = joinForests(index.changes!);
    return measureRecall(forest, liveItems(forest), onProgress);
  } finally {
    await index.close();
  }
}
