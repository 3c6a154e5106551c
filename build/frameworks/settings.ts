import { OptionError } from "../settings/errors.ts";
import { checkIndexOptions, type IndexSettings, isObject } from "./index-options.ts";

export type { IndexSettings } from "./index-options.ts";

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
  /** Completes what is typed, for a second request at each key. */
  readonly suggest?: boolean;
  /** Tells the Worker the position of a result that is followed. */
  readonly insight?: boolean;
  /** Options of indexing after the build; `false`: the site is not indexed. */
  readonly index?: false | IndexSettings;
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((text) => typeof text === "string");
const isBoolean = (value: unknown): boolean => typeof value === "boolean";
/** A text, or one for each plural form. */
const isMessage = (value: unknown): boolean =>
  typeof value === "string" ||
  (isObject(value) && Object.values(value).every((text) => typeof text === "string"));
const isOrigin = (value: unknown): boolean =>
  typeof value === "string" && /^https?:\/\/[^/?#\s]+\/?$/.test(value);

/** Whether a value is one of a setting, and what it has to be. */
const RULES: Readonly<Record<keyof SearchSettings, readonly [(value: unknown) => boolean, string]>> = {
  endpoint: [isOrigin, "the origin of the Worker, such as https://search.example.com"],
  filters: [isTexts, 'a list of fields, such as ["section"]'],
  filter: [isObject, 'an object, such as { section: "guides" }'],
  scope: [isTexts, 'a list of fields, such as ["language"]'],
  messages: [
    (value) =>
      isObject(value) &&
      Object.values(value).every((texts) => isObject(texts) && Object.values(texts).every(isMessage)),
    'texts by language, such as { de: { open: "Suche" } }',
  ],
  suggest: [isBoolean, "true or false"],
  insight: [isBoolean, "true or false"],
  index: [(value) => value === false || isObject(value), "options of build, or false"],
};

/**
 * Refuses settings that there are none of, and values that would fail on the page only.
 *
 * @throws OptionError
 */
export function checkSettings(settings: SearchSettings): SearchSettings {
  if (!isObject(settings)) throw new OptionError("The settings of annoy-edge are an object.");
  const unknown = Object.keys(settings).filter((key) => !Object.hasOwn(RULES, key));
  if (unknown.length > 0) {
    throw new OptionError(
      `annoy-edge has no setting ${unknown.join(", ")}; there are ${Object.keys(RULES).join(", ")}. Options of the build stand in index.`,
    );
  }
  for (const [key, [fits, wanted]] of Object.entries(RULES)) {
    const value = settings[key as keyof SearchSettings];
    if (value !== undefined && !fits(value)) {
      throw new OptionError(`${key} is ${JSON.stringify(value)}; it is ${wanted}.`);
    }
  }
  if (settings.index) checkIndexOptions(settings.index);
  return settings;
}

const MODULE = "virtual:annoy-edge-settings";

/** The part of a plugin of Vite by which a page imports its settings. */
export function settingsModule(settings: SearchSettings) {
  return {
    name: "annoy-edge-settings",
    resolveId: (id: string) => (id === MODULE ? `\0${MODULE}` : undefined),
    load: (id: string) =>
      id === `\0${MODULE}` ? `export default ${JSON.stringify(shownSettings(settings))}` : undefined,
  };
}

/** Returns the settings that the page gets: all but those of the build. */
export function shownSettings({ index: _, ...shown }: SearchSettings): Omit<SearchSettings, "index"> {
  return shown;
}
