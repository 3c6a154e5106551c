import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { Progress } from "../settings/progress.ts";
import { checkVersion, type Finding } from "./check.ts";
import { readPointerState, requirePointerState } from "./pointer.ts";
import { type RepairResult, repairPages } from "./repair.ts";
import type { PublishStore } from "./store.ts";
import { neededPages } from "./survey.ts";

export interface RestoreResult extends Omit<RepairResult, "lost" | "single"> {
  readonly name: string;
  readonly version: string;
  /** Version that was current before, whose pages were looked at, too. */
  readonly previous: string | null;
  /** Pages that are nowhere: neither in KV nor in R2. */
  readonly lost: number;
  /** Faults that R2 and KV cannot mend by themselves: the artifact must be published again. */
  readonly left: readonly Finding[];
}

/**
 * Brings back the documents of the current version and of the one before after KV has lost or changed them, from R2, and
 * packs that R2 has lost, from KV. Every page is held against its hash.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `VERSION_INCOMPLETE` when what the pages are is not known
 */
export async function restore(
  store: PublishStore,
  name: string,
  onProgress?: (progress: Progress) => void,
): Promise<RestoreResult> {
  const { version, previous } = (await requirePointerState(store, name)).pointer;
  const { manifest, placements } = await checkVersion(store, name, version);
  if (!manifest || placements.length === 0) {
    throw new AnnoyEdgeError(
      "VERSION_INCOMPLETE",
      `Version ${version} of "${name}" lacks its ${manifest ? "placement" : "manifest"} in R2: which pages it needs is not known. Publish its artifact again, or roll back.`,
    );
  }
  const before = previous === null ? [] : (await checkVersion(store, name, previous)).placements;
  const needed = neededPages([...placements, ...before]);
  const {
    lost,
    single: _,
    ...result
  } = await repairPages(store, name, needed, {
    deep: true,
    ...(onProgress && { onProgress }),
  });
  const { findings } = await checkVersion(store, name, version);
  const own = new Set(neededPages(placements).map(({ page }) => page.hash));
  const lostOfIt = lost.filter(({ page }) => own.has(page.hash));
  return { name, version, previous, ...result, lost: lostOfIt.length, left: findings };
}

/** A version as `verify --published` finds it. */
export interface PublishedCheck {
  readonly version: string;
  readonly state: "current" | "previous";
  readonly findings: readonly Finding[];
}

/**
 * Holds the current version and the one before it against what they were published as: every object of R2, every page of
 * KV and its second copy.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `CORRUPT_POINTER`
 */
export async function checkPublished(
  store: PublishStore,
  name: string,
  onProgress?: (progress: Progress) => void,
): Promise<PublishedCheck[]> {
  const { pointer } = await requirePointerState(store, name);
  const versions = [
    { version: pointer.version, state: "current" as const },
    ...(pointer.previous ? [{ version: pointer.previous, state: "previous" as const }] : []),
  ];
  const checks: PublishedCheck[] = [];
  for (const { version, state } of versions) {
    const options = { deep: true, ...(onProgress && { onProgress }) };
    const { findings } = await checkVersion(store, name, version, options);
    // A publish that ran meanwhile may have moved on, and a collection removed what this looked at.
    if (findings.length > 0 && (await readPointerState(store, name))?.pointer.version !== pointer.version)
      continue;
    checks.push({ version, state, findings });
  }
  return checks;
}
