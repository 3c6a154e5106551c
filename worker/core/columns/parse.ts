import { parseJson as parseExactly } from "../format/integers.ts";
import { type SearchError, searchError, shortened } from "../format/search-error.ts";

export const COMPARISONS = ["eq", "ne", "in", "nin", "lt", "lte", "gt", "gte", "exists"] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** Marks a value from a query string, where everything is text: it takes the type of its field. */
export interface TextValue {
  readonly untypedText: string;
}
export type Scalar = string | number | boolean;
export type FilterValue = Scalar | TextValue;

/** A filter with its form checked. Fields and types are checked when it is compiled. */
export type FilterNode =
  | { readonly kind: "and" | "or"; readonly nodes: readonly FilterNode[] }
  | { readonly kind: "not"; readonly node: FilterNode }
  | {
      readonly kind: "test";
      readonly field: string;
      readonly comparison: Comparison;
      readonly values: readonly FilterValue[];
      /** Place in the request: `filter.year.gte`. */
      readonly path: string;
    };

/** Bounds of a filter, for it may come from anyone. */
export const MAX_FILTER_DEPTH = 16;
export const MAX_FILTER_TESTS = 256;
/** Groups of conditions: `and`, `or`, `not`, and objects of several keys. */
export const MAX_FILTER_GROUPS = 256;
export const MAX_FILTER_VALUES = 4096;

/** Values from a query string are kept in these, which no JSON can hold. */
const untyped = new WeakSet<object>();

export function textValue(text: string): TextValue {
  const value = { untypedText: text };
  untyped.add(value);
  return value;
}

function isTextValue(value: unknown): value is TextValue {
  return typeof value === "object" && value !== null && untyped.has(value);
}

interface Budget {
  groups: number;
  tests: number;
  values: number;
}

/**
 * Checks the form of a filter: `{"field": value}`, `{"field": {"gte": 2020, "lt": 2024}}`, `{"and": [...]}`,
 * `{"or": [...]}`, `{"not": {...}}`; a `$` before an operator is allowed. Several keys must all hold; a list as a
 * value means `in`, null means that the field has no value.
 *
 * @throws SearchError `INVALID_FILTER`, `FILTER_TOO_COMPLEX`
 */
export function parseFilter(filter: unknown): FilterNode {
  return parseNode(filter, "filter", 0, { groups: 0, tests: 0, values: 0 });
}

function parseNode(filter: unknown, path: string, depth: number, budget: Budget): FilterNode {
  if (depth > MAX_FILTER_DEPTH) {
    throw tooComplex(path, `A filter is at most ${MAX_FILTER_DEPTH} levels deep.`);
  }
  if (!isObject(filter)) {
    throw invalid(path, `A filter is an object such as {"field": "value"}, not ${kindOf(filter)}.`);
  }
  if (++budget.groups > MAX_FILTER_GROUPS) {
    throw tooComplex(path, `A filter has at most ${MAX_FILTER_GROUPS} groups of conditions.`);
  }
  const nodes: FilterNode[] = [];
  for (const [key, value] of Object.entries(filter)) {
    const here = `${path}.${shortened(key)}`;
    const operator = logical(key, value);
    if (operator === "not") nodes.push({ kind: "not", node: parseNode(value, here, depth + 1, budget) });
    else if (operator) nodes.push(parseList(operator, value, here, depth, budget));
    else if (key.startsWith("$")) {
      throw invalid(here, `There is no operator ${shortened(key)}; and, or and not combine conditions.`);
    } else nodes.push(...parseField(key, value, here, budget));
  }
  return nodes.length === 1 ? nodes[0]! : { kind: "and", nodes };
}

/** `$and` is always the operator; `and` is one when its value looks like it, since a field may be called so. */
function logical(key: string, value: unknown): "and" | "or" | "not" | undefined {
  if (key === "$and" || key === "$or" || key === "$not") return key.slice(1) as "and" | "or" | "not";
  if ((key === "and" || key === "or") && Array.isArray(value) && value.every(isObject)) return key;
  if (key === "not" && isObject(value) && !Object.keys(value).every((k) => comparisonOf(k))) return key;
  return undefined;
}

function parseList(
  kind: "and" | "or",
  value: unknown,
  path: string,
  depth: number,
  budget: Budget,
): FilterNode {
  if (!Array.isArray(value)) {
    throw invalid(path, `Operator ${kind} takes a list of filters, not ${kindOf(value)}.`);
  }
  if (value.length > MAX_FILTER_TESTS) {
    throw tooComplex(path, `A filter has at most ${MAX_FILTER_TESTS} conditions.`);
  }
  return { kind, nodes: value.map((node, i) => parseNode(node, `${path}[${i}]`, depth + 1, budget)) };
}

function parseField(field: string, value: unknown, path: string, budget: Budget): FilterNode[] {
  if (isObject(value) && !isTextValue(value)) {
    const entries = Object.entries(value);
    if (entries.length === 0) {
      throw invalid(path, `The condition on ${shortened(field)} is empty.`);
    }
    return entries.map(([key, operand]) => {
      const shown = shortened(key);
      const here = `${path}.${shown}`;
      const comparison = comparisonOf(key);
      if (!comparison) {
        throw invalid(
          here,
          `There is no operator ${shown}; use ${COMPARISONS.join(", ")}, or and, or, not around conditions. A field within a field is named "${shortened(field)}.${shown}".`,
        );
      }
      return test(field, comparison, operand, here, budget);
    });
  }
  return [test(field, Array.isArray(value) ? "in" : "eq", value, path, budget)];
}

function test(
  field: string,
  comparison: Comparison,
  operand: unknown,
  path: string,
  budget: Budget,
): FilterNode {
  if (++budget.tests > MAX_FILTER_TESTS) {
    throw tooComplex(path, `A filter has at most ${MAX_FILTER_TESTS} conditions.`);
  }
  if (comparison === "exists") {
    const wanted = isTextValue(operand) ? truth(operand.untypedText) : operand;
    if (typeof wanted !== "boolean") {
      throw invalid(
        path,
        `Operator exists takes true or false, not ${isTextValue(operand) ? JSON.stringify(operand.untypedText.slice(0, 60)) : kindOf(operand)}.`,
      );
    }
    return { kind: "test", field, comparison, values: [wanted], path };
  }
  if (operand === null && (comparison === "eq" || comparison === "ne")) {
    return { kind: "test", field, comparison: "exists", values: [comparison === "ne"], path };
  }
  if (comparison === "in" || comparison === "nin") {
    if (!Array.isArray(operand)) {
      throw invalid(path, `Operator ${comparison} takes a list, not ${kindOf(operand)}.`);
    }
    budget.values += operand.length;
    if (budget.values > MAX_FILTER_VALUES) {
      throw tooComplex(path, `A filter lists at most ${MAX_FILTER_VALUES} values.`);
    }
    const values = operand.map((value, i) => scalar(value, comparison, `${path}[${i}]`));
    return { kind: "test", field, comparison, values, path };
  }
  return { kind: "test", field, comparison, values: [scalar(operand, comparison, path)], path };
}

function scalar(value: unknown, comparison: Comparison, path: string): FilterValue {
  if (typeof value === "string" || typeof value === "boolean" || isTextValue(value)) return value;
  if (typeof value === "number" && Number.isFinite(value)) {
    const isOrder = comparison !== "eq" && comparison !== "ne" && comparison !== "in" && comparison !== "nin";
    if (isOrder || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
    const message = `${path} is beyond 2^53, where a number does not keep its digits: write it as text, as in "9007199254740993".`;
    throw invalid(path, message);
  }
  throw invalid(
    path,
    `Operator ${comparison} compares with a string, a finite number or a truth value, not ${kindOf(value)}.`,
  );
}

export function truth(text: string): boolean | undefined {
  return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined;
}

function comparisonOf(key: string): Comparison | undefined {
  const name = key.startsWith("$") ? key.slice(1) : key;
  return COMPARISONS.find((comparison) => comparison === name);
}

/** Maps, dates and the like have no keys that could be read, and an empty condition would hold everything. */
function isObject(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === "[object Object]";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isFinite(value) ? "a number" : `${value}`;
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Whether a parameter is part of the filter, well formed or not: a malformed one must be refused, not ignored. */
export function isFilterParameter(name: string): boolean {
  return name === "filter" || name.startsWith("filter[");
}

/** `filter[field]`, `filter[field][operator]`, and for a list's values one by one `[]` after either. */
const BRACKETS = /^filter\[([^\]]*)\](?:\[([^\]]+)\])?(\[\])?$/;

/**
 * The filter of a query string: `filter={"year":{"gte":2020}}` as JSON, or `filter[lang]=en`, `filter[year][gte]=2020`,
 * `filter[tag][in]=a,b` (or repeated); all that are given must hold. Undefined when there is none. In brackets a value
 * takes the type of its field.
 *
 * @throws SearchError `INVALID_FILTER`
 */
export function parseFilterParameters(parameters: Iterable<readonly [string, string]>): unknown {
  const filters: unknown[] = [];
  const lists = new Map<string, { field: string; comparison: string; values: TextValue[] }>();
  for (const [name, value] of parameters) {
    if (name === "filter") {
      filters.push(parseJson(value));
      continue;
    }
    if (!isFilterParameter(name)) continue;
    const match = BRACKETS.exec(name);
    if (!match) {
      const shown = shortened(name);
      throw invalid(shown, `${shown} is no filter such as filter[lang]=en or filter[year][gte]=2020.`);
    }
    const field = match[1]!;
    const comparison = match[2] || "eq";
    const known = comparisonOf(comparison);
    if (!known) {
      throw invalid(
        shortened(name),
        `There is no operator ${shortened(comparison)}; use ${COMPARISONS.join(", ")}.`,
      );
    }
    const isList = known === "in" || known === "nin";
    if (match[3] && match[2] && !isList) {
      throw invalid(shortened(name), `Operator ${known} takes one value, so no [] after it.`);
    }
    if (isList || match[3]) {
      const key = `${known === "nin" ? "nin" : "in"} ${field}`;
      const list = lists.get(key) ?? { field, comparison: known === "nin" ? "nin" : "in", values: [] };
      for (const part of match[3] ? [value] : value.split(",")) list.values.push(textValue(part));
      lists.set(key, list);
    } else filters.push({ [field]: { [known]: textValue(value) } });
  }
  for (const { field, comparison, values } of lists.values())
    filters.push({ [field]: { [comparison]: values } });
  return filters.length > 1 ? { $and: filters } : filters[0];
}

function parseJson(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    throw invalid("filter", `Parameter filter is no JSON such as {"field":"value"}.`);
  }
}

function invalid(path: string, message: string): SearchError {
  return searchError("INVALID_FILTER", path, message);
}

function tooComplex(path: string, message: string): SearchError {
  return searchError("FILTER_TOO_COMPLEX", path, message);
}
