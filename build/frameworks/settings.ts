import type { BuildOptions } from "../pipeline/build.ts";
import type { PublishDirOptions } from "../pipeline/publishing.ts";
import { OptionError } from "../settings/errors.ts";

/** Settings of an integration: attributes of `<annoy-search>`, and how the built site is indexed. */
export interface SearchSettings {
  /** Origin of the Worker that answers; default: the site's own. */
  readonly endpoint?: string;
  /** Fields that readers can filter by. */
  readonly filters?: readonly string[];
  /** Filter that every search is held to. */
  readonly filter?: Readonly<Record<string, unknown>>;
  /** Fields whose value on the page narrows a search; default: language and version. */
  readonly scope?: readonly string[];
  /** Texts of the element by language: `{ de: { open: "Suche" } }`. */
  readonly messages?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Tells the Worker the position of a result that is followed. */
  readonly insight?: boolean;
  /** Options of indexing after the build; `false`: the site is not indexed. */
  readonly index?: false | IndexSettings;
}

/** Options of `build` that can be written as JSON; `out` is `artifacts/<name>` and `name` is `site` by default. */
export interface IndexSettings
  extends Partial<
    Omit<BuildOptions, "site" | "source" | "documents" | "onProgress" | "onReport" | "onNote" | "explain">
  > {
  /** Publishes what was built: locally, or where these options say. */
  readonly publish?: boolean | Omit<PublishDirOptions, "onProgress">;
}

const KEYS: ReadonlySet<string> = new Set([
  "endpoint",
  "filters",
  "filter",
  "scope",
  "messages",
  "insight",
  "index",
]);

/** Refuses settings that there are none of, so that a slip of the pen does not pass for a default. @throws OptionError */
export function checkSettings(settings: SearchSettings): SearchSettings {
  const unknown = Object.keys(settings).filter((key) => !KEYS.has(key));
  if (unknown.length > 0) {
    throw new OptionError(
      `annoy-edge has no setting ${unknown.join(", ")}; there are ${[...KEYS].join(", ")}. Options of the build stand in index.`,
    );
  }
  const { endpoint } = settings;
  if (endpoint !== undefined && (typeof endpoint !== "string" || !/^https?:\/\/[^/?#]+\/?$/.test(endpoint))) {
    throw new OptionError(
      `endpoint is ${JSON.stringify(endpoint)}; it is the origin of the Worker, such as https://search.example.com.`,
    );
  }
  return settings;
}

/** Returns the settings that the page gets: all but those of the build. */
export function shownSettings({ index: _, ...shown }: SearchSettings): Omit<SearchSettings, "index"> {
  return shown;
}
