import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from "jsonc-parser";

/** A file that was there, with what was added to it. */
export interface Change {
  readonly file: string;
  readonly added: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Adds to JSON, comments and form kept, what it lacks: keys of objects, and of lists of bindings those whose binding is
 * not there. What is there is never changed.
 *
 * @throws Error when the text is not JSON
 */
export function addMissing(text: string, wanted: Json): { text: string; added: readonly string[] } {
  const present = parseTolerant(text);
  const formattingOptions = formOf(text);
  let result = withoutMark(text);
  const added: string[] = [];
  for (const { path, value, append } of missingParts(present, wanted)) {
    const edits = modify(result, [...path], value, { formattingOptions, isArrayInsertion: append });
    result = applyEdits(result, edits);
    added.push(`${path.filter((part) => part !== -1).join(".")}: ${JSON.stringify(value)}`);
  }
  return { text: result, added };
}

/**
 * Reads JSON with comments and trailing commas.
 *
 * @throws Error when the text is not JSON, or holds no object
 */
export function parseTolerant(text: string): Json {
  const errors: ParseError[] = [];
  const value: unknown = parse(withoutMark(text), errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) throw new Error(`it is not JSON (${printParseErrorCode(first.error)}).`);
  if (!isObject(value)) throw new Error("it holds no object.");
  return value;
}

/** Removes a byte order mark, which no JSON parser takes. */
function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** Indentation and line ends of a text, so that its own lines stay as they are. */
function formOf(text: string) {
  const indent = /^([ \t]+)\S/m.exec(text)?.[1] ?? "  ";
  return {
    insertSpaces: !indent.startsWith("\t"),
    tabSize: indent.startsWith("\t") ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

interface Part {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  readonly append: boolean;
}

/** Returns the members that an object lacks of another. */
export function missingParts(present: Json, wanted: Json, at: readonly string[] = []): Part[] {
  return Object.entries(wanted).flatMap(([key, value]): Part[] => {
    const path = [...at, key];
    const here = present[key];
    if (here === undefined) return [{ path, value, append: false }];
    if (Array.isArray(value) && Array.isArray(here)) {
      const bound = new Set(here.filter(isObject).map(({ binding }) => binding));
      return value
        .filter((entry) => isObject(entry) && !bound.has(entry.binding))
        .map((entry) => ({ path: [...path, -1], value: entry, append: true }));
    }
    return isObject(value) && isObject(here) ? missingParts(here, value, path) : [];
  });
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
