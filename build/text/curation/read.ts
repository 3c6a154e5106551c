import { readFile } from "node:fs/promises";
import { LineCounter, parseDocument } from "yaml";
import type * as z from "zod";
import { AnnoyEdgeError } from "../../../worker/core/format/errors.ts";
import { OptionError } from "../../settings/errors.ts";
import { type CurationInput, curationSchema, type ParsedCuration } from "./schema.ts";

/** A curation that has been checked, and where its entries stand. */
export interface CheckedCuration {
  readonly curation: ParsedCuration;
  /** Names the place of an entry for messages: `curation.yaml:12: rules[3]`. */
  readonly placeOf: (path: readonly PropertyKey[]) => string;
}

/** Faults of one file that a message names. */
const MAX_FAULTS = 10;

/**
 * Reads a curation: a file of YAML or JSON, or the object itself.
 *
 * @throws OptionError when it cannot be read; AnnoyEdgeError `BAD_CURATION` with file and line of every fault
 */
export async function readCuration(given: string | CurationInput): Promise<CheckedCuration> {
  if (typeof given !== "string") return checked(given, (path) => `curation: ${nameOf(path)}`);
  let text: string;
  try {
    text = await readFile(given, "utf8");
  } catch (cause) {
    throw new OptionError(`curation names ${given}, which cannot be read.`, { cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = document.errors.map(
    ({ pos, message }) => `${given}:${lines.linePos(pos[0]).line}: ${message}`,
  );
  if (faults.length > 0) throw badCuration(faults);
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length) as string[], true) as
        | { range?: [number] }
        | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const placeOf = (path: readonly PropertyKey[]) => `${given}:${lineOf(path)}: ${nameOf(path)}`;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    throw badCuration([`${given}: its aliases (*name) unfold to too many values. Write them out.`]);
  }
  return checked(value ?? {}, placeOf);
}

function checked(value: unknown, placeOf: CheckedCuration["placeOf"]): CheckedCuration {
  const result = curationSchema.safeParse(value);
  if (result.success) return { curation: result.data, placeOf };
  throw badCuration(result.error.issues.map((issue) => sentence(issue, placeOf)));
}

function sentence(issue: z.core.$ZodIssue, placeOf: CheckedCuration["placeOf"]): string {
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    return `${placeOf([...issue.path, key])} is not known here.`;
  }
  // Of alternatives, what the first asks for says most.
  const inner = issue.code === "invalid_union" ? issue.errors.flat()[0] : undefined;
  const message = (inner ?? issue).message.replace(/^Invalid input: /, "");
  return `${placeOf(issue.path)}: ${message}.`;
}

function badCuration(faults: readonly string[]): AnnoyEdgeError {
  const shown = faults.slice(0, MAX_FAULTS);
  const more = faults.length > shown.length ? [`and ${faults.length - shown.length} more`] : [];
  return new AnnoyEdgeError("BAD_CURATION", [...shown, ...more].join("\n"));
}

function nameOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the whole";
  return path.reduce<string>(
    (name, part) =>
      typeof part === "number" ? `${name}[${part}]` : `${name}${name === "" ? "" : "."}${String(part)}`,
    "",
  );
}
