import { decodeHtml } from "./charset.ts";
import { type CsvOptions, readCsv } from "./csv.ts";
import { SourceError } from "./errors.ts";
import { type Format, findFiles, formatOf, type LinkOptions } from "./files.ts";
import { readHtml } from "./html/read.ts";
import { type LocatedRow, readJsonLines } from "./jsonl.ts";
import { readBytes, readText } from "./lines.ts";
import { markdownText, readMarkdownPage } from "./markdown/read.ts";
import type { SourceDocument, SourceFile } from "./types.ts";

export interface ReadOptions extends CsvOptions, LinkOptions {
  /** Base of relative sources; default: the working directory. */
  readonly cwd?: string;
  /** Called for each file of which something is left out, or that is not read as it is written. */
  readonly onNote?: (file: SourceFile, note: string) => void;
}

/**
 * The documents of files, folders and globs, as they are read, always in the same order. JSONL and CSV stream; other
 * files are one document each, with their path as id and as `source`.
 *
 * All documents bring a vector of the same length, or none does; no id comes twice.
 *
 * @throws SourceError naming file and line
 */
export async function* readSources(
  sources: readonly string[],
  options: ReadOptions = {},
): AsyncGenerator<SourceDocument> {
  const files = await findFiles(sources, options.cwd, options);
  const check = createChecks();
  for (const file of files) {
    for await (const { line, document } of readFile(file, options)) {
      check(document, file, line);
      yield document;
    }
  }
}

function readFile(file: SourceFile, options: ReadOptions): AsyncGenerator<LocatedRow> {
  // findFiles lists files of known formats only.
  const format = formatOf(file.path) as Format;
  if (format === "jsonl") return readJsonLines(file);
  if (format === "csv") return readCsv(file, options);
  return readWholeFile(file, format, options.onNote);
}

async function* readWholeFile(
  file: SourceFile,
  format: "text" | "markdown" | "html",
  onNote: ReadOptions["onNote"],
): AsyncGenerator<LocatedRow> {
  const text = format === "html" ? decodeHtml(await readBytes(file)) : await readText(file);
  const { pageContent, metadata, note } = readAs[format](text, file);
  if (note !== undefined) onNote?.(file, note);
  if (pageContent.trim() === "") return;
  yield {
    line: 1,
    document: { id: file.source, pageContent, metadata: { ...metadata, source: file.source }, kind: format },
  };
}

interface WholeFile {
  readonly pageContent: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly note?: string;
}

const readAs: Readonly<Record<"text" | "markdown" | "html", (text: string, file: SourceFile) => WholeFile>> =
  {
    text: (text) => ({ pageContent: text, metadata: {} }),
    html: readHtml,
    markdown: (text, file) => {
      const { metadata, title, sections, withheld, warning } = readMarkdownPage(text, file);
      if (withheld) return { pageContent: "", metadata, note: `It is left out: ${withheld.detail}.` };
      return {
        pageContent: markdownText(sections),
        metadata: { ...metadata, ...(title !== undefined && { title }) },
        ...(warning !== undefined && { note: warning }),
      };
    },
  };

/** Checks across documents: one length of vectors or none at all, and ids that differ. */
function createChecks(): (document: SourceDocument, file: SourceFile, line: number) => void {
  let first: { readonly where: string; readonly length: number | undefined } | undefined;
  const lines = new Map<string, number>();
  const names: string[] = [];
  return ({ id, vector }, file, line) => {
    if (names.at(-1) !== file.source) names.push(file.source);
    const where = `${file.source}, line ${line}`;
    first ??= { where, length: vector?.length };
    if ((vector === undefined) !== (first.length === undefined)) {
      const [has, lacks] = vector ? [where, first.where] : [first.where, where];
      throw new SourceError(
        "MISSING_VECTOR",
        `${lacks}: no vector, though ${has} has one. Give every document one, or none.`,
      );
    }
    if (vector && vector.length !== first.length) {
      throw new SourceError(
        "BAD_VECTOR",
        `${where}: a vector of ${vector.length} numbers; that of ${first.where} has ${first.length}.`,
      );
    }
    if (id === undefined) return;
    const before = lines.get(id);
    if (before !== undefined) {
      const at = `${names[Math.floor(before / 2 ** 32)]}, line ${before % 2 ** 32}`;
      throw new SourceError("DUPLICATE_ID", `${where}: the id ${JSON.stringify(id)} is taken by ${at}.`);
    }
    // File and line in one number: millions of ids cost no object each.
    lines.set(id, (names.length - 1) * 2 ** 32 + line);
  };
}
