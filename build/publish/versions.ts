import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { parseVersionKey, versionsPrefix } from "../../worker/core/format/keys.ts";
import { lengthsOf, type PublishedManifest } from "../../worker/storage/manifest.ts";
import type { Pointer, PublishRecord } from "../../worker/storage/pointer.ts";
import { checkVersion } from "./check.ts";
import { promote, readReplaceable, requirePointerState } from "./pointer.ts";
import { repairPages } from "./repair.ts";
import type { PublishStore } from "./store.ts";
import { neededPages } from "./survey.ts";

/** A version in the store. */
export interface VersionInfo {
  readonly version: string;
  /** `current` answers, `previous` is what a plain rollback returns to, `incomplete` was never published to the end. */
  readonly state: "current" | "previous" | "kept" | "incomplete";
  /** The version that this one changes, as far as the history tells. */
  readonly base?: string;
  /** Objects and their bytes in R2, packs apart. */
  readonly objects: number;
  readonly bytes: number;
  readonly uploaded: string;
  /** Action that last made it current; absent when it never did or the history is too short. */
  readonly record?: PublishRecord;
}

/** The versions of an index, newest first. O(objects) listing, no object is read but the pointer. */
export async function listVersions(store: PublishStore, name: string): Promise<VersionInfo[]> {
  return describeVersions(store, name, (await requirePointerState(store, name)).pointer);
}

/** As {@link listVersions}, given the pointer; a damaged one (undefined) tells neither states nor records. */
export async function describeVersions(
  store: PublishStore,
  name: string,
  pointer: Pointer | undefined,
): Promise<VersionInfo[]> {
  const found = new Map<string, { objects: number; bytes: number; uploaded: Date; whole: boolean }>();
  for await (const object of store.listObjects(versionsPrefix(name))) {
    const parsed = parseVersionKey(name, object.key);
    if (!parsed) continue;
    const entry = found.get(parsed.version) ?? {
      objects: 0,
      bytes: 0,
      uploaded: object.uploaded,
      whole: false,
    };
    found.set(parsed.version, {
      objects: entry.objects + 1,
      bytes: entry.bytes + object.bytes,
      uploaded: object.uploaded > entry.uploaded ? object.uploaded : entry.uploaded,
      whole: entry.whole || parsed.file === "manifest.json",
    });
  }
  const versions = [...found].map(([version, { objects, bytes, uploaded, whole }]): VersionInfo => {
    const record = pointer?.history.find((entry) => entry.version === version);
    const state = !whole
      ? "incomplete"
      : version === pointer?.version
        ? "current"
        : version === pointer?.previous
          ? "previous"
          : "kept";
    const base = record?.base;
    return {
      ...{ version, state, objects, bytes, uploaded: uploaded.toISOString() },
      ...(base !== undefined && { base }),
      ...(record && { record }),
    };
  });
  // By the history, not by its times, which are those of the publishers' clocks. What was never current may be on its way,
  // what the history has forgotten is old.
  const history = pointer?.history ?? [];
  const place = ({ record, state }: VersionInfo) =>
    record ? history.indexOf(record) : state === "incomplete" ? -1 : history.length;
  return versions.sort(
    (a, b) =>
      place(a) - place(b) || b.uploaded.localeCompare(a.uploaded) || a.version.localeCompare(b.version),
  );
}

export interface RollbackResult {
  readonly name: string;
  readonly version: string;
  /** Version that was current before. */
  readonly previous: string | null;
}

/**
 * Makes a published version current again: `version`, or the one before the current. Any unique beginning of a version
 * will do. Readers follow within their refresh interval.
 *
 * @throws AnnoyEdgeError `INDEX_NOT_PUBLISHED`, `NO_PREVIOUS_VERSION`, `UNKNOWN_VERSION`, `ALREADY_CURRENT`,
 *   `PUBLISH_CONFLICT`, `VERSION_COLLECTED`
 */
export async function rollback(
  store: PublishStore,
  name: string,
  version: string | undefined,
  options: { readonly by: string; readonly message?: string },
): Promise<RollbackResult> {
  // With a version named, a damaged pointer can be replaced.
  const before =
    version === undefined ? await requirePointerState(store, name) : await readReplaceable(store, name);
  const target = await resolveVersion(store, name, before?.pointer, version);
  if (target === before?.pointer?.version) {
    throw new AnnoyEdgeError("ALREADY_CURRENT", `Version ${target} of "${name}" is current already.`);
  }
  const manifest = await mendForRollback(store, name, target);
  const record: PublishRecord = {
    version: target,
    at: new Date().toISOString(),
    by: options.by,
    action: "rollback",
    ...(options.message !== undefined && { message: options.message }),
    items: manifest.items,
    ...(manifest.base && { base: manifest.base.version }),
  };
  await promote(store, name, before, record, lengthsOf(manifest));
  return { name, version: target, previous: before?.pointer?.version ?? null };
}

/**
 * Checks a version before readers are sent to it, and writes its pages again that KV has lost.
 *
 * @throws AnnoyEdgeError `VERSION_INCOMPLETE` when readers would refuse it
 */
async function mendForRollback(
  store: PublishStore,
  name: string,
  version: string,
): Promise<PublishedManifest> {
  const { manifest, placements, findings } = await checkVersion(store, name, version);
  // Readers do without second copies, and answer by words where the encoder is gone.
  const beyond = findings.filter(
    ({ mendedBy, kind }) => mendedBy === "publish" && kind !== "pack" && kind !== "encoder",
  );
  if (!manifest || beyond.length > 0) {
    const list = beyond.slice(0, SHOWN).map(({ key, fault }) => `${key} is ${fault}`);
    throw new AnnoyEdgeError(
      "VERSION_INCOMPLETE",
      `Version ${version} of "${name}" cannot answer: ${list.join(", ")}${beyond.length > SHOWN ? ", and more" : ""}. Roll back to another version, or publish its artifact again: what is lost or changed is written anew.`,
    );
  }
  if (findings.length > 0) await repairPages(store, name, neededPages(placements));
  return manifest;
}

/** Damaged keys that a message names. */
const SHOWN = 3;

async function resolveVersion(
  store: PublishStore,
  name: string,
  pointer: Pointer | undefined,
  version: string | undefined,
): Promise<string> {
  if (version === undefined) {
    if (pointer?.previous) return pointer.previous;
    throw new AnnoyEdgeError(
      "NO_PREVIOUS_VERSION",
      `Version ${pointer?.version} of "${name}" is the only one: there is nothing to roll back to.`,
    );
  }
  const versions = await describeVersions(store, name, pointer);
  const matches = versions.filter((v) => v.version.startsWith(version) && v.state !== "incomplete");
  if (matches.length > 1) {
    throw new AnnoyEdgeError(
      "UNKNOWN_VERSION",
      `"${version}" may mean ${matches.map((v) => v.version).join(" or ")}. Give more digits.`,
    );
  }
  if (!matches[0]) throw unknown(name, version);
  return matches[0].version;
}

function unknown(name: string, version: string): AnnoyEdgeError {
  return new AnnoyEdgeError(
    "UNKNOWN_VERSION",
    `Index "${name}" has no version ${version}. "annoy-edge versions" lists them.`,
  );
}
