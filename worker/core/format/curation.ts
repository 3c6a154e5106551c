import { ArtifactError } from "./errors.ts";
import { jsonOf } from "./json.ts";

/**
 * Section `curation`: what editors say of an index, as JSON. `docs/format.md` is the normative text; the build checks
 * every value, so that a reader looks at the form alone.
 */
export const CURATION_VERSION = 1;

/** Texts that count as each other, or in one direction. */
export interface SynonymSet {
  readonly from: readonly string[];
  /** The same list as `from` where they count both ways. */
  readonly to: readonly string[];
  /** Weight of a synonym against the word itself, above 0 and at most 1. */
  readonly weight: number;
}

/** Queries for which documents are pinned or hidden: one of the three. */
export interface QueryCondition {
  /** The whole query. */
  readonly query?: string;
  /** Beginning of the query. */
  readonly prefix?: string;
  /** Words that the query has, in any order and inflection. */
  readonly words?: string;
}

export interface QueryRule {
  readonly when: QueryCondition;
  /** Docstore ids, first to last. */
  readonly pin: readonly string[];
  readonly hide: readonly string[];
}

export type FieldValue = string | number | boolean;

/** Documents that rank higher (factor above 1) or lower by a filterable field. */
export type Boost =
  | { readonly field: string; readonly values: readonly FieldValue[]; readonly factor: number }
  | {
      readonly field: string;
      /** Days after which half of the boost is gone. */
      readonly halfLife: number;
      readonly factor: number;
      /** Date from which ages count, in milliseconds since 1970. */
      readonly now: number;
    };

export interface Curation {
  readonly version: number;
  readonly synonyms: readonly SynonymSet[];
  readonly rules: readonly QueryRule[];
  readonly boosts: readonly Boost[];
}

export function encodeCuration(curation: Curation): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(curation)) as Uint8Array<ArrayBuffer>;
}

/**
 * Reads the section; undefined where a later version has another form, which readers may ignore.
 *
 * @throws ArtifactError `CORRUPT_CURATION`
 */
export function decodeCuration(bytes: Uint8Array): Curation | undefined {
  const notJson = (cause: unknown) =>
    new ArtifactError("CORRUPT_CURATION", "Section curation is not JSON.", { cause });
  const read = jsonOf(bytes, notJson) as Partial<Curation> | null;
  if (typeof read?.version === "number" && read.version > CURATION_VERSION) return undefined;
  const lists = [read?.synonyms, read?.rules, read?.boosts];
  const isWhole = lists.every(
    (list) => Array.isArray(list) && list.every((entry) => typeof entry === "object" && entry !== null),
  );
  if (read?.version !== CURATION_VERSION || !isWhole) {
    throw new ArtifactError("CORRUPT_CURATION", "Section curation lacks its version or one of its lists.");
  }
  return read as Curation;
}
