import { isFilterParameter, parseFilterParameters } from "../core/columns/parse.ts";
import { searchError } from "../core/format/search-error.ts";

/** Conversion of one parameter's text to JSON. */
type Reader = (text: string) => unknown;

/** A number where the text is one; otherwise the text, for the schema to refuse by name. */
const number: Reader = (text) => (/^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : text);
const text: Reader = (value) => value;
const boolean: Reader = (value) => (value === "true" ? true : value === "false" ? false : value);
const list = (value: string): readonly unknown[] => (value === "" ? [] : value.split(","));
const numbers = (value: string): readonly unknown[] => value.split(",").map((part) => number(part.trim()));

/** Parameters of `GET /v1/search`, each with its place in the JSON of `POST /v1/search`. */
export const SEARCH_PARAMETERS: Readonly<
  Record<
    string,
    {
      readonly path: readonly [string, string?];
      readonly read: Reader;
      /** Whether a list is all that a URL can hold of a field of several forms. */
      readonly texts?: true;
    }
  >
> = {
  q: { path: ["query"], read: text },
  vector: { path: ["vector"], read: numbers },
  item: { path: ["item"], read: number },
  id: { path: ["id"], read: text },
  k: { path: ["k"], read: number },
  searchK: { path: ["searchK"], read: number },
  mode: { path: ["mode"], read: text },
  indexes: { path: ["indexes"], read: list },
  prefix: { path: ["prefix"], read: boolean },
  rerank: { path: ["rerank"], read: boolean },
  "rerank.first": { path: ["rerank", "first"], read: number },
  didYouMean: { path: ["didYouMean"], read: boolean },
  curation: { path: ["curation"], read: boolean },
  include: { path: ["include"], read: list },
  facets: { path: ["facets"], read: list },
  facetsOf: { path: ["facetsOf"], read: text },
  sort: { path: ["sort"], read: list, texts: true },
  groupBy: { path: ["groupBy", "field"], read: text },
  "groupBy.hits": { path: ["groupBy", "hits"], read: number },
  total: { path: ["total"], read: boolean },
  offset: { path: ["offset"], read: number },
  minScore: { path: ["minScore"], read: number },
  "weights.keyword": { path: ["weights", "keyword"], read: number },
  "weights.vector": { path: ["weights", "vector"], read: number },
  "mmr.fetchK": { path: ["mmr", "fetchK"], read: number },
  "mmr.lambda": { path: ["mmr", "lambda"], read: number },
};

/**
 * The query string of `GET /v1/search` as the JSON of `POST /v1/search`.
 *
 * A list is written with commas or as a repeated parameter.
 *
 * @throws SearchError `UNKNOWN_FIELD` for a parameter that does not exist, `DUPLICATE_FIELD` for one given twice that is
 *   no list, `INVALID_FILTER`
 */
export function searchFromParameters(parameters: URLSearchParams): Record<string, unknown> {
  const request: Record<string, unknown> = {};
  const seen = new Set<string>();
  for (const [name, value] of parameters) {
    if (isFilterParameter(name)) continue;
    const parameter = Object.hasOwn(SEARCH_PARAMETERS, name) ? SEARCH_PARAMETERS[name] : undefined;
    const shown = name.slice(0, 60);
    if (!parameter)
      throw searchError("UNKNOWN_FIELD", shown, `There is no parameter ${JSON.stringify(shown)}.`);
    const repeated = seen.has(name);
    const isList = parameter.read === list || parameter.read === numbers;
    if (repeated && !isList) throw searchError("DUPLICATE_FIELD", name, `${name} is given more than once.`);
    seen.add(name);
    const [field, inner] = parameter.path;
    const before = request[field];
    if (repeated) {
      request[field] = [...(before as readonly unknown[]), ...(parameter.read(value) as readonly unknown[])];
    } else if (inner === undefined) {
      const given = parameter.read(value);
      request[field] = before === undefined ? given : settingsOf(field, given, before);
    } else {
      request[field] = { ...settingsOf(field, before, {}), [inner]: parameter.read(value) };
    }
  }
  const filter = parseFilterParameters(parameters);
  if (filter !== undefined) request.filter = filter;
  return request;
}

/**
 * Settings of a field that is also a switch, such as `rerank=true&rerank.first=5`: those given so far, or `settings` while
 * the switch is on or was not given.
 *
 * @throws SearchError `DUPLICATE_FIELD` when the switch says otherwise than its settings
 */
function settingsOf(field: string, given: unknown, settings: unknown): object {
  if (given === undefined || given === true) return settings as object;
  if (typeof given === "object" && given !== null) return given;
  const message = `${field} is ${JSON.stringify(given)} and has settings. Give the settings alone, or ${field}=true.`;
  throw searchError("DUPLICATE_FIELD", field, message);
}
