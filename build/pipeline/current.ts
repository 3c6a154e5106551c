import type { Manifest } from "../../worker/core/format/meta.ts";
import { checkVersion } from "../publish/check.ts";
import type { PublishStore } from "../publish/index.ts";
import { readPointerState, readReplaceable } from "../publish/pointer.ts";
import { repairPages } from "../publish/repair.ts";
import { neededPages } from "../publish/survey.ts";

export interface CurrentOptions {
  /** Whether a damaged pointer counts as none. */
  readonly force: boolean;
  /** Whether nothing may be written. */
  readonly dryRun: boolean;
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * Returns the manifest of the current version when everything of it is there, by length, etag and key. Pages that KV lost
 * are written again first. Undefined, with a note, when only a build and a publish bring back what is lost.
 *
 * @throws AnnoyEdgeError `CORRUPT_POINTER`
 */
export async function soundCurrent(
  store: PublishStore,
  name: string,
  { force, dryRun, onNote = () => {} }: CurrentOptions,
): Promise<Manifest | undefined> {
  const state = await (force ? readReplaceable : readPointerState)(store, name);
  const version = state?.pointer?.version;
  if (version === undefined) return undefined;
  const { manifest, placements, findings } = await checkVersion(store, name, version);
  const beyond = findings.filter(({ mendedBy }) => mendedBy === "publish");
  if (manifest && beyond.length === 0) {
    if (findings.length === 0 || dryRun) return manifest;
    const { lost } = await repairPages(store, name, neededPages(placements));
    if (lost.length === 0) return manifest;
  }
  const [first] = beyond;
  const what = first ? `${first.key} is ${first.fault}` : "pages are lost";
  const more = beyond.length > 1 ? `, as are ${beyond.length - 1} more` : "";
  onNote(`Version ${version} is not whole (${what}${more}): it is built and published anew.`);
  return undefined;
}
