import { readFile } from "node:fs/promises";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

/**
 * Ids as a command names them: each argument is an id, or a file of ids, one a line. A line that is a JSON string is read as
 * one, so that ids with line breaks can be named.
 *
 * @throws AnnoyEdgeError `CANNOT_READ` for a file that cannot be read
 */
export async function readIds(args: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const arg of args) {
    let text: string;
    try {
      text = await readFile(arg, "utf8");
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // Names of nothing that is there are ids; so are those of folders.
      if (code === "EACCES" || code === "EPERM") {
        throw new AnnoyEdgeError("CANNOT_READ", `${arg} cannot be read (${code}).`, { cause });
      }
      ids.push(arg);
      continue;
    }
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
