import { BUILD_SETTINGS, type BuildSettings } from "../pipeline/config.ts";
import type { PublishDirOptions } from "../pipeline/publishing.ts";
import { OptionError } from "../settings/errors.ts";

/** Options of `build` that can be written as JSON; `out` is `artifacts/<name>` and `name` is `site` by default. */
export interface IndexSettings extends BuildSettings {
  /** Publishes what was built: locally, or where these options say. */
  readonly publish?: boolean | PublishSettings;
}

type PublishSettings = Omit<PublishDirOptions, "onProgress">;

/** Names of all options. */
const INDEX: Readonly<Record<keyof IndexSettings, true>> = { ...BUILD_SETTINGS, publish: true };

const PUBLISH: Readonly<Record<keyof PublishSettings, true>> = {
  remote: true,
  root: true,
  env: true,
  persistTo: true,
  force: true,
  allowShrink: true,
  dryRun: true,
  message: true,
  by: true,
  golden: true,
  embedder: true,
  shardBytes: true,
};

export const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Refuses options of indexing that there are none of. @throws OptionError */
export function checkIndexOptions(index: IndexSettings): void {
  refuseUnknown("index", index, INDEX);
  const { publish } = index;
  if (isObject(publish)) refuseUnknown("index.publish", publish, PUBLISH);
  else if (publish !== undefined && typeof publish !== "boolean") {
    throw new OptionError(
      `index.publish is ${JSON.stringify(publish)}; it is true, false, or options of publish, such as { remote: true }.`,
    );
  }
}

function refuseUnknown(place: string, given: object, known: object): void {
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(known, key));
  if (unknown.length === 0) return;
  throw new OptionError(
    `${place} has no option ${unknown.join(", ")}; there are ${Object.keys(known).join(", ")}.`,
  );
}
