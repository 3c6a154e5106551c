import { parseDate } from "../../../worker/core/columns/order.ts";
import {
  type Boost,
  CURATION_VERSION,
  type Curation,
  encodeCuration,
} from "../../../worker/core/format/curation.ts";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import type { ArtifactMeta, ItemDocument } from "../../../worker/core/format/meta.ts";
import { readDocuments } from "../../artifact/documents.ts";
import type { SectionSource } from "../../artifact/layout.ts";
import { type ColumnPlan, planColumns } from "../../columns/column-sections.ts";
import { DEFAULT_FIELDS } from "../../keyword/options.ts";
import type { TextOptions } from "../options.ts";
import type { CheckedCuration } from "./read.ts";

/** The part of an artifact that a curation makes. */
export interface CurationSections {
  readonly sections: readonly SectionSource[];
  readonly meta: Pick<ArtifactMeta, "curation">;
}

export interface CompileOptions {
  readonly filterable: TextOptions["filterable"];
  /** Whether what does not fit the documents is an error. */
  readonly strict: boolean;
  /** Receives a sentence for each rule that does not fit the documents. */
  readonly onNote: ((note: string) => void) | undefined;
}

const NONE: CurationSections = { sections: [], meta: {} };

/**
 * Holds a curation against the documents in `documents.jsonl` at `path`, which is read once, and makes its section.
 *
 * @throws AnnoyEdgeError `CURATION_MISMATCH` with `strict`, when a rule names a document or a field that is not there
 */
export async function compileCuration(
  checked: CheckedCuration | undefined,
  path: string,
  options: CompileOptions,
): Promise<CurationSections> {
  if (!checked) return NONE;
  const { curation } = checked;
  const survey = await surveyDocuments(checked, path, options.filterable);
  const faults = [...missingDocuments(checked, survey.ids), ...wrongFields(checked, survey)];
  if (faults.length > 0 && options.strict) {
    throw new AnnoyEdgeError("CURATION_MISMATCH", faults.join("\n"));
  }
  for (const fault of faults) options.onNote?.(`Warning: ${fault}`);
  const compiled: Curation = {
    version: CURATION_VERSION,
    synonyms: curation.synonyms.map(({ words, from, to, weight }) => ({
      from: words ?? from ?? [],
      to: words ?? to ?? [],
      weight,
    })),
    rules: curation.rules.map(({ query, prefix, words, pin = [], hide = [] }) => ({
      when: {
        ...(query !== undefined && { query }),
        ...(prefix !== undefined && { prefix }),
        ...(words !== undefined && { words }),
      },
      pin,
      hide,
    })),
    boosts: boostsOf(checked, survey.newest),
  };
  const { synonyms, rules, boosts } = compiled;
  return {
    sections: [{ name: "curation", hot: true, bytes: encodeCuration(compiled) }],
    meta: { curation: { synonyms: synonyms.length, rules: rules.length, boosts: boosts.length } },
  };
}

interface Survey {
  /** Ids that rules name and documents have. */
  readonly ids: ReadonlySet<string>;
  readonly columns: readonly ColumnPlan[];
  /** Fields with weighed words that no document has. */
  readonly absent: ReadonlySet<string>;
  /** Newest date by field of a boost by recency. */
  readonly newest: ReadonlyMap<string, number>;
}

async function surveyDocuments(
  { curation }: CheckedCuration,
  path: string,
  filterable: TextOptions["filterable"],
): Promise<Survey> {
  const wanted = new Set(curation.rules.flatMap(({ pin = [], hide = [] }) => [...pin, ...hide]));
  const fields = curation.boosts.filter(({ halfLife }) => halfLife !== undefined).map(({ field }) => field);
  const ids = new Set<string>();
  const absent = new Set(
    curation.boosts.flatMap(({ field, weight }) =>
      weight === undefined || field === "pageContent" ? [] : [field],
    ),
  );
  const newest = new Map<string, number>();
  async function* documents(): AsyncGenerator<ItemDocument> {
    for await (const document of readDocuments(path)) {
      if (wanted.has(document.id)) ids.add(document.id);
      for (const field of absent) if (valueAt(document.metadata, field) != null) absent.delete(field);
      for (const field of fields) {
        for (const date of datesAt(document.metadata, field)) {
          newest.set(field, Math.max(date, newest.get(field) ?? date));
        }
      }
      yield document;
    }
  }
  let columns: readonly ColumnPlan[] = [];
  const needsColumns = curation.boosts.some(({ weight }) => weight === undefined);
  if (needsColumns && filterable?.length !== 0)
    columns = await planColumns(documents(), filterable && { filterable });
  else for await (const _ of documents());
  return { ids, columns, absent, newest };
}

/** The value of a field by its name or dotted path. */
function valueAt(metadata: Readonly<Record<string, unknown>>, field: string): unknown {
  if (Object.hasOwn(metadata, field)) return metadata[field];
  return field
    .split(".")
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | null | undefined)?.[part], metadata);
}

/** The dates of a field by its name or dotted path. */
function datesAt(metadata: Readonly<Record<string, unknown>>, field: string): number[] {
  return [valueAt(metadata, field)]
    .flat()
    .flatMap((one) => (typeof one === "string" ? (parseDate(one) ?? []) : []));
}

function missingDocuments({ curation, placeOf }: CheckedCuration, known: ReadonlySet<string>): string[] {
  return curation.rules.flatMap((rule, i) =>
    (["pin", "hide"] as const).flatMap((key) =>
      (rule[key] ?? []).flatMap((id, j) =>
        known.has(id)
          ? []
          : [`${placeOf(["rules", i, key, j])}: no document has the id ${JSON.stringify(id)}.`],
      ),
    ),
  );
}

function wrongFields({ curation, placeOf }: CheckedCuration, { columns, absent }: Survey): string[] {
  return curation.boosts.flatMap(({ field, weight, halfLife }, i) => {
    const place = placeOf(["boosts", i, "field"]);
    if (weight !== undefined)
      return absent.has(field) ? [`${place}: no document has the field "${field}".`] : [];
    const column = columns.find((one) => one.field === field);
    if (!column) return [`${place}: the field "${field}" is not filterable; name it with --filterable.`];
    if (halfLife === undefined || column.type === "date") return [];
    return [`${place}: the field "${field}" holds values of type ${column.type} and no dates.`];
  });
}

function boostsOf({ curation }: CheckedCuration, newest: ReadonlyMap<string, number>): Boost[] {
  return curation.boosts.flatMap(({ field, value, halfLife, factor = 1, now }): Boost[] => {
    if (value) return [{ field, values: value, factor }];
    if (halfLife === undefined) return [];
    const from = now === undefined ? newest.get(field) : parseDate(now);
    // Without a date there is nothing to boost.
    return from === undefined ? [] : [{ field, halfLife, factor, now: from }];
  });
}

/** The text settings with the weights of fields that a curation asks for. */
export function withFieldWeights(text: TextOptions, checked: CheckedCuration | undefined): TextOptions {
  const weights = (checked?.curation.boosts ?? []).flatMap(({ field, weight }) =>
    weight === undefined ? [] : [[field, weight] as const],
  );
  if (weights.length === 0 || text.keyword === false) return text;
  const own = typeof text.keyword === "object" ? text.keyword : {};
  return {
    ...text,
    keyword: { ...own, fields: { ...(own.fields ?? DEFAULT_FIELDS), ...Object.fromEntries(weights) } },
  };
}
