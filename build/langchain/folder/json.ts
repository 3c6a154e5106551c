import { LangchainFolderError } from "./errors.ts";
import { PyObject, PyTuple, type PyValue } from "./values.ts";

const MAX_DEPTH = 500;

/** Bounds what values may grow to when shared parts are written out: a pickle of n bytes could name one part n times. */
export interface Budget {
  left: number;
}

/** Characters that cost as much as one value: documents may well share long texts such as an abstract. */
const CHARACTERS_A_VALUE = 64;

/** Generous: a value takes a byte or more, and documents rarely share more than a few of theirs. */
export function budgetFor(bytes: number): Budget {
  return { left: 32 * bytes + (1 << 20) };
}

/**
 * A Python value as JSON has it, the way `json.dumps` would: tuples and sets become arrays, keys strings. What JSON has
 * no form for becomes text that says the same: ints beyond 2^53 their digits, dates ISO 8601, UUIDs, decimals and
 * paths their text, bytes base64. NaN becomes null, infinity "Infinity".
 *
 * @throws LangchainFolderError for cycles, nesting beyond 500 levels, and values that are no data
 */
export function toJson(value: PyValue, budget: Budget, where: string, depth = 0): unknown {
  spend(budget, 1, where);
  if (depth > MAX_DEPTH) {
    throw new LangchainFolderError(
      "PICKLE_TOO_LARGE",
      `${where} is nested deeper than ${MAX_DEPTH} levels, or contains itself.`,
    );
  }
  const each = (items: Iterable<PyValue>) => {
    const out: unknown[] = [];
    for (const item of items) out.push(toJson(item, budget, where, depth + 1));
    return out;
  };
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") {
    spend(budget, value.length / CHARACTERS_A_VALUE, where);
    return value;
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : nonFinite(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) {
    spend(budget, value.length / CHARACTERS_A_VALUE, where);
    return Buffer.from(value).toString("base64");
  }
  if (Array.isArray(value)) return each(value);
  if (value instanceof PyTuple) return each(value.items);
  if (value instanceof Set) return each(value);
  if (value instanceof Map) {
    const entries: [string, unknown][] = [];
    for (const [key, item] of value) {
      entries.push([keyText(key, where), toJson(item, budget, where, depth + 1)]);
      spend(budget, entries.at(-1)![0].length / CHARACTERS_A_VALUE, where);
    }
    // fromEntries defines properties, so that a key "__proto__" is a key like others.
    return Object.fromEntries(entries);
  }
  if (value instanceof PyObject && value.name === "UUID") return uuidText(value, where);
  throw new LangchainFolderError("NOT_LANGCHAIN", `${where} holds a ${value.name}, which is no plain value.`);
}

function spend(budget: Budget, amount: number, where: string): void {
  budget.left -= amount;
  if (budget.left < 0) {
    throw new LangchainFolderError(
      "PICKLE_TOO_LARGE",
      `${where} repeats its parts so often that it would take many times the file's size.`,
    );
  }
}

function nonFinite(value: number): string | null {
  if (Number.isNaN(value)) return null;
  return value > 0 ? "Infinity" : "-Infinity";
}

/** As `json.dumps` writes keys. */
function keyText(key: PyValue, where: string): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean" || typeof key === "number" || typeof key === "bigint")
    return String(key);
  throw new LangchainFolderError("NOT_LANGCHAIN", `${where} has a key that is no text or number.`);
}

function uuidText(value: PyObject, where: string): string {
  const state = value.state instanceof Map ? value.state.get("int") : undefined;
  if (typeof state !== "number" && typeof state !== "bigint") {
    throw new LangchainFolderError("NOT_LANGCHAIN", `${where} has a UUID without its number.`);
  }
  const hex = BigInt.asUintN(128, BigInt(state)).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
