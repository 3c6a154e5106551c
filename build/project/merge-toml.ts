import { parse, stringify } from "smol-toml";
import { missingParts } from "./merge.ts";

/**
 * Adds to TOML what it lacks, as {@link addMissing} adds to JSON. New tables go to the end; keys of a table that is there go
 * right below its header, and top-level keys above all others.
 *
 * @throws Error when the text is not TOML, or what was made of it would not be
 */
export function addMissingToToml(
  text: string,
  wanted: Readonly<Record<string, unknown>>,
): { text: string; added: readonly string[] } {
  const present = parse(text);
  let result = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  const added: string[] = [];
  for (const { path, value, append } of missingParts(present, wanted)) {
    const keys = path.filter((part): part is string => typeof part === "string");
    added.push(`${keys.join(".")}: ${JSON.stringify(value)}`);
    result = append ? appendEntry(result, keys, value) : insert(result, keys, value);
  }
  // Nothing is written that wrangler could not read, nor what has ended in another table, as of an environment.
  const [lacking] = missingParts(parse(result), wanted);
  if (lacking) throw new Error(`${lacking.path[0]} cannot be added; add it by hand.`);
  return { text: result, added };
}

function appendEntry(text: string, keys: readonly string[], value: unknown): string {
  const [name = ""] = keys;
  const inline = new RegExp(`^${name}\\s*=\\s*\\[`, "m").exec(text.slice(0, /^\[/m.exec(text)?.index));
  if (!inline) return `${text}\n${stringify({ [name]: [value] }).trim()}\n`;
  const at = inline.index + inline[0].length;
  const fields = Object.entries(value as object).map(([key, inner]) => `${key} = ${JSON.stringify(inner)}`);
  return `${text.slice(0, at)}{ ${fields.join(", ")} }, ${text.slice(at)}`;
}

function insert(text: string, keys: readonly string[], value: unknown): string {
  const isTable = typeof value === "object" && value !== null;
  const name = keys.at(-1) ?? "";
  const table = keys.slice(0, -1).join(".");
  if (table !== "") {
    const header = new RegExp(`^\\[${table.replaceAll(".", "\\.")}\\][^\\n]*\\n`, "m").exec(text);
    if (!header) throw new Error(`its table ${table} has no header to add ${name} below; add it by hand.`);
    const at = header.index + header[0].length;
    return `${text.slice(0, at)}${name} = ${JSON.stringify(value)}\n${text.slice(at)}`;
  }
  if (isTable) return `${text}\n${stringify({ [name]: value }).trim()}\n`;
  const at = /^(?:[ \t]*(?:#[^\n]*)?\n)*/.exec(text)?.[0].length ?? 0;
  return `${text.slice(0, at)}${stringify({ [name]: value }).trim()}\n${text.slice(at)}`;
}
