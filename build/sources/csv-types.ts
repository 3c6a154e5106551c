import { parseDate } from "../../worker/core/columns/order.ts";

/** Type of a column, decided over all its values. */
export type CsvType = "number" | "boolean" | "date" | "string";

/** Observed values of a column. */
export interface CsvColumn {
  /** Whether any record has a value in it. */
  used: boolean;
  canBeNumber: boolean;
  canBeBoolean: boolean;
  /** Dates are those that filters compare: ISO 8601. */
  canBeDate: boolean;
  /** Digits behind the point, of values that have a point; -1 before the first, -2 when they differ. */
  decimals: number;
  /** Whether a value ends in a zero behind the point that a number would lose, as 3.10 does. */
  trailingZero: boolean;
}

export function createColumn(name: string): CsvColumn {
  return {
    used: false,
    canBeNumber: !NAMES_A_CODE.test(name),
    canBeBoolean: true,
    canBeDate: true,
    decimals: -1,
    trailingZero: false,
  };
}

/** Codes and addresses that are written in digits: nothing is counted with them, and leading zeros and signs count. */
const NAMES_A_CODE =
  /(?:^|[^a-z])(?:zip|zip ?codes?|post(?:al)? ?codes?|plz|phones?|phone ?numbers?|tel|telephone|mobile|cell|fax|isbn|issn|ean|upc|gtin|sku|iban|bic|ssn|version)(?:$|[^a-z])/;

/** Takes `camelCase` and `snake_case` for words. */
export function wordsOfName(name: string): string {
  return name
    .replace(/(?<=[a-z])(?=[A-Z])/g, " ")
    .replace(/[_.-]+/g, " ")
    .toLowerCase();
}

/** A number as JSON has it; an exponent only with a sign or a point, for `12E4` is a code. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.(\d+))?((?:(?<=\.\d+)[eE]|[eE](?=[+-]))[+-]?\d+)?$/;
const BOOLEAN = /^(?:true|false)$/i;

/** Looks at one value of a column. Empty ones say nothing. */
export function observe(column: CsvColumn, value: string): void {
  const text = value.trim();
  if (text === "") return;
  column.used = true;
  if (column.canBeBoolean && !BOOLEAN.test(text)) column.canBeBoolean = false;
  if (column.canBeDate && parseDate(text) === undefined) column.canBeDate = false;
  if (!column.canBeNumber) return;
  const match = NUMBER.exec(text);
  const number = Number(text);
  const isSafe = match?.[1] !== undefined || match?.[2] !== undefined || Number.isSafeInteger(number);
  if (!match || !isSafe || !Number.isFinite(number) || !keepsDigits(match[1], match[2], number)) {
    column.canBeNumber = false;
    return;
  }
  const [, fraction] = match;
  if (fraction === undefined) return;
  column.decimals = column.decimals === -1 || column.decimals === fraction.length ? fraction.length : -2;
  // Programs that write floats write .0 of a whole one.
  if (fraction.length > 1 && fraction.endsWith("0")) column.trailingZero = true;
}

/** Significant digits that a float64 always keeps. */
const DIGITS = 17;

/** Whether a decimal is no longer than a float64 can tell from its neighbours. */
function keepsDigits(fraction: string | undefined, exponent: string | undefined, number: number): boolean {
  if (fraction === undefined || exponent !== undefined) return true;
  return String(Math.trunc(Math.abs(number))).length + fraction.length <= DIGITS || /^0+$/.test(fraction);
}

export function typeOf(column: CsvColumn): CsvType {
  if (!column.used) return "string";
  if (column.canBeBoolean) return "boolean";
  if (column.canBeDate) return "date";
  // 3.10 beside 3.9 is a version; 3.10 beside 4.25 is a price.
  return column.canBeNumber && !(column.trailingZero && column.decimals === -2) ? "number" : "string";
}

/** A cell in the column's type; undefined for an empty one, which a number, a truth value or a date cannot be. */
export function cellValue(type: CsvType, cell: string): string | number | boolean | undefined {
  if (type === "string") return cell;
  const text = cell.trim();
  if (text === "") return undefined;
  if (type === "date") return text;
  return type === "number" ? Number(text) : text.toLowerCase() === "true";
}
