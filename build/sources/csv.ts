import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import {
  type CsvColumn,
  type CsvType,
  cellValue,
  createColumn,
  observe,
  typeOf,
  wordsOfName,
} from "./csv-types.ts";
import { MAX_ROW_BYTES, rowTooLong, SourceError, unreadable } from "./errors.ts";
import { isId, MAX_ID } from "./id.ts";
import type { LocatedRow } from "./jsonl.ts";
import type { SourceFile } from "./types.ts";

const TEXT_COLUMNS = ["pageContent", "page_content", "text", "content"] as const;

/** One record as csv-parse gives it with `info` and without `columns`. */
interface CsvRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

export interface CsvOptions {
  /** `strings` leaves all cells text; `auto`, the default, makes numbers and truth values of columns that hold nothing else. */
  readonly csvTypes?: CsvTypes;
}

export const CSV_TYPES = ["auto", "strings"] as const;
export type CsvTypes = (typeof CSV_TYPES)[number];

/**
 * One document a record (RFC 4180, with a header). The column `pageContent`, `page_content`, `text` or `content` is the
 * text, `id` the id, the others metadata beside `source`. The file is read twice: a column's type is decided over all of
 * it. Columns without a name and without a value are none.
 *
 * @throws SourceError `BAD_CSV`, `INVALID_UTF8`, `LINE_TOO_LONG`, `UNREADABLE_SOURCE`
 */
export async function* readCsv(
  file: SourceFile,
  { csvTypes = "auto" }: CsvOptions = {},
): AsyncGenerator<LocatedRow> {
  const columns: CsvColumn[] = [];
  let names: readonly string[] | undefined;
  for await (const { record } of records(file)) {
    for (let i = columns.length; i < record.length; i++) {
      columns.push(createColumn(wordsOfName((names ?? record)[i] ?? "")));
    }
    if (names) for (const [i, cell] of record.entries()) observe(columns[i]!, cell);
    else names = record.map((name) => name.trim());
  }
  if (!names)
    throw new SourceError("BAD_CSV", `${file.source}: no header; the first line names the columns.`);
  const header = readHeader(names, columns, csvTypes, file);
  let isHeader = true;
  for await (const { record, line } of records(file)) {
    if (isHeader) isHeader = false;
    else yield { line, document: toDocument(record, header, file, line) };
  }
}

/** Records with the line that they begin on; those without any value are passed over. */
async function* records(file: SourceFile): AsyncGenerator<{ record: string[]; line: number }> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
  });
  const input = createReadStream(file.path);
  const feeding = feed(file, input, parser);
  // Its failure destroys the parser, whose loop below then throws it.
  feeding.catch(() => {});
  let line = 1;
  try {
    for await (const parsed of parser) {
      // csv-parse's stream is untyped; with `info: true` it gives this shape.
      const { record, info } = parsed as CsvRecord;
      if (record.some((cell) => cell.trim() !== "")) yield { record, line };
      line = info.lines + 1;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw unreadable(file.source, error);
    const at = typeof error.lines === "number" ? error.lines : line;
    if (error.code === "CSV_MAX_RECORD_SIZE") throw rowTooLong(file.source, at);
    throw new SourceError("BAD_CSV", `${file.source}, line ${at}: ${error.message}.`, { cause: error });
  } finally {
    input.destroy();
    parser.destroy();
  }
}

/** Decodes strictly on the way into the parser, which would put replacement characters for broken bytes. */
async function feed(
  file: SourceFile,
  input: AsyncIterable<Uint8Array>,
  parser: ReturnType<typeof parse>,
): Promise<void> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    for await (const chunk of input) {
      const text = decoder.decode(chunk, { stream: true });
      if (!parser.write(text)) await new Promise((resume) => parser.once("drain", resume));
    }
    decoder.decode();
    parser.end();
  } catch (cause) {
    const error =
      cause instanceof TypeError
        ? new SourceError("INVALID_UTF8", `${file.source}: not valid UTF-8.`, { cause })
        : unreadable(file.source, cause);
    parser.destroy(error);
  }
}

interface Header {
  /** Name and type by place; undefined for a column that is none. */
  readonly columns: readonly ({ readonly name: string; readonly type: CsvType } | undefined)[];
  /** Cells that a record must have. */
  readonly least: number;
  readonly text: number;
  readonly id: number;
}

function readHeader(
  given: readonly string[],
  columns: readonly CsvColumn[],
  csvTypes: CsvTypes,
  file: SourceFile,
): Header {
  // A column of values without a name, as of a table's row numbers, is named by its place.
  const names = columns.map(({ used }, i) => given[i] || (used ? `column${i + 1}` : ""));
  const excess = columns.findIndex(({ used }, i) => used && i >= given.length);
  if (excess >= 0) {
    const message = `${file.source}: a record has a value in column ${excess + 1}; the header names ${given.length}.`;
    throw new SourceError("BAD_CSV", message);
  }
  const twice = names.find((name, i) => name !== "" && names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new SourceError("BAD_CSV", `${file.source}: two columns are named ${JSON.stringify(twice)}.`);
  }
  const column = TEXT_COLUMNS.find((name) => names.includes(name));
  if (column === undefined) {
    const known = names.filter((name) => name !== "").join(", ");
    throw new SourceError(
      "BAD_CSV",
      `${file.source}: no column of text; name one ${TEXT_COLUMNS.join(", ")}. There are: ${known}.`,
    );
  }
  return {
    columns: names.map((name, i) =>
      name === "" ? undefined : { name, type: csvTypes === "strings" ? "string" : typeOf(columns[i]!) },
    ),
    least: names.findLastIndex((name) => name !== "") + 1,
    text: names.indexOf(column),
    id: names.indexOf("id"),
  };
}

function toDocument(record: readonly string[], header: Header, file: SourceFile, line: number) {
  if (record.length < header.least) {
    const message = `${file.source}, line ${line}: ${record.length} cells; the header names ${header.least}.`;
    throw new SourceError("BAD_CSV", message);
  }
  const id = header.id < 0 ? undefined : record[header.id];
  if (id !== undefined && !isId(id)) {
    const what = id === "" ? "empty" : `${id.length} characters long; it can be ${MAX_ID}`;
    throw new SourceError("BAD_CSV", `${file.source}, line ${line}: the id is ${what}.`);
  }
  const metadata: [string, unknown][] = [["source", file.source]];
  for (const [i, column] of header.columns.entries()) {
    if (!column || i === header.text || i === header.id) continue;
    const value = cellValue(column.type, record[i]!);
    if (value !== undefined) metadata.push([column.name, value]);
  }
  return {
    ...(id !== undefined && { id }),
    pageContent: record[header.text]!,
    // fromEntries defines properties, so that a column "__proto__" is one like others.
    metadata: Object.fromEntries(metadata),
    kind: "row" as const,
  };
}
