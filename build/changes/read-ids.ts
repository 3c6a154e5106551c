import { readFile, stat } from "node:fs/promises";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { type ComparedPart, find } from "./documents.ts";

/**
 * Ids as an update names them: each argument is the id of a document, or a file of ids, one a line. A line that is a JSON
 * string is read as one, so that ids with line breaks can be named.
 *
 * @throws AnnoyEdgeError `CANNOT_READ` for a file that cannot be read
 */
export async function idsToRemove(
  parts: readonly ComparedPart[],
  args: readonly string[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const arg of args) {
    // Many ids are the names of files: that of a document names the document, whatever file lies here.
    const isFile = !find(parts, arg) && (await stat(arg).catch(() => undefined))?.isFile();
    if (!isFile) {
      ids.push(arg);
      continue;
    }
    const text = await readFile(arg, "utf8").catch((cause: NodeJS.ErrnoException) => {
      throw new AnnoyEdgeError("CANNOT_READ", `${arg} cannot be read (${cause.code}).`, { cause });
    });
    for (const line of text.split(/\r?\n/)) if (line.trim() !== "") ids.push(idOf(line));
  }
  return ids;
}

function idOf(line: string): string {
  if (!line.startsWith('"')) return line;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "string" ? value : line;
  } catch {
    return line;
  }
}
