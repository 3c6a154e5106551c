import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { OptionError } from "../settings/errors.ts";

/**
 * Line of a property in the source of a configuration, counted from 1; with `element`, the line of that element of the
 * property's list. Undefined where the text does not say it plainly (a spread, a computed key).
 */
export function lineOfKey(source: string, key: string, element?: number): number | undefined {
  const text = blankNoncode(source);
  const match = new RegExp(`(?<=[{,\\s]|^)["']?${key}["']?\\s*(?=[:,(}])`).exec(text);
  if (!match) return undefined;
  const at = element === undefined ? match.index : elementAt(text, match.index + match[0].length, element);
  return at === undefined ? undefined : source.slice(0, at).split("\n").length;
}

/** Spaces in place of comments and of what stands in strings that are no keys; offsets stay. */
function blankNoncode(source: string): string {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:\\.|[^`\\])*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g;
  return source.replace(token, (found, offset: number) => {
    const isKey = /^["']/.test(found) && /^\s*:/.test(source.slice(offset + found.length));
    return isKey ? found : found.replace(/[^\n]/g, " ");
  });
}

/** Returns the position of the element of the list that begins behind `from`. */
function elementAt(text: string, from: number, element: number): number | undefined {
  let depth = 0;
  let index = 0;
  for (let at = text.indexOf("[", from); at >= 0 && at < text.length; at++) {
    const c = text[at]!;
    if (depth === 1 && index === element && !/[\s,[\]]/.test(c)) return at;
    if ("[{(".includes(c)) depth++;
    else if ("]})".includes(c) && --depth === 0) return undefined;
    else if (c === "," && depth === 1) index++;
  }
  return undefined;
}

/** `file:line` where a stack first names the file, else the file. */
export function placeInStack(path: string, error: unknown): string {
  const stack = error instanceof Error ? `${error.stack}\n${error.message}` : "";
  for (const name of [pathToFileURL(path).href, path]) {
    const at = stack.indexOf(`${name}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + name.length + 1))?.[0];
    if (line) return `${path}:${line}`;
  }
  return path;
}

/**
 * Runs what takes its settings from a configuration file; a setting that cannot be is reported with file and line.
 *
 * @param keys that a configuration may have, among which the message names the wrong one
 */
export async function inConfig<R>(
  path: string | undefined,
  keys: readonly string[],
  run: () => Promise<R>,
): Promise<R> {
  try {
    return await run();
  } catch (error) {
    if (path === undefined) throw error;
    if (!(error instanceof OptionError) || error.message.startsWith(path)) throw codeFailed(path, error);
    const source = await readFile(path, "utf8").catch(() => "");
    const named = keys
      .map((key) => ({ key, at: error.message.search(new RegExp(`\\b${key}\\b`)) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at)[0];
    const element = named && /^\[(\d+)\]/.exec(error.message.slice(named.at + named.key.length))?.[1];
    const line = named && lineOfKey(source, named.key, element === undefined ? undefined : Number(element));
    throw new OptionError(`${line === undefined ? path : `${path}:${line}`}: ${error.message}`, {
      cause: error,
    });
  }
}

/** Returns an error that code of a configuration threw with its place, others as they are. */
export function codeFailed(path: string, error: unknown): unknown {
  const place = placeInStack(path, error);
  // Only others throw what is no error.
  if (error instanceof AnnoyEdgeError || (error instanceof Error && place === path)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AnnoyEdgeError("CONFIG_FAILED", `${place} failed: ${message}`, { cause: error });
}

/** A configuration that could not be imported, with the line that its stack names. */
export function importFailed(path: string, cause: unknown): AnnoyEdgeError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const place = placeInStack(path, cause);
  return new AnnoyEdgeError("CONFIG_FAILED", `${place} could not be loaded: ${message}`, { cause });
}
