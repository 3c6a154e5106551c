import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import { SourceError, unreadable } from "./errors.ts";
import { isId, MAX_ID } from "./id.ts";
import type { LocatedRow } from "./jsonl.ts";
import type { SourceFile } from "./types.ts";

const TEXT_COLUMNS = ["pageContent", "page_content", "text", "content"] as const;

/** One record as csv-parse gives it with `info` and without `columns`. */
interface CsvRecord {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/**
 * One document a record (RFC 4180, with a header). The column `pageContent`, `page_content`, `text` or `content` is the
 * text, `id` the id, the others metadata, as strings beside `source`.
 *
 * @throws SourceError `BAD_CSV`, `INVALID_UTF8`, `UNREADABLE_SOURCE`
 */
export async function* readCsv(file: SourceFile): AsyncGenerator<LocatedRow> {
  const parser = parse({ bom: true, info: true, skip_empty_lines: true, max_record_size: 64 << 20 });
  const input = createReadStream(file.path);
  const feeding = feed(file, input, parser);
  // Its failure destroys the parser, whose loop below then throws it.
  feeding.catch(() => {});
  let header: Header | undefined;
  let line = 1;
  try {
    for await (const parsed of parser) {
      // csv-parse's stream is untyped; with `info: true` it gives this shape.
      const { record, info } = parsed as CsvRecord;
      if (!header) header = readHeader(record, file);
      else yield { line: line + 1, document: toDocument(record, header, file, line + 1) };
      line = info.lines;
    }
  } catch (error) {
    if (error instanceof CsvError) {
      const at = typeof error.lines === "number" ? error.lines : line;
      throw new SourceError("BAD_CSV", `${file.source}, line ${at}: ${error.message}.`, { cause: error });
    }
    throw unreadable(file.source, error);
  } finally {
    input.destroy();
  }
  if (!header)
    throw new SourceError("BAD_CSV", `${file.source}: no header; the first line names the columns.`);
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
  readonly names: readonly string[];
  readonly text: number;
  readonly id: number;
}

function readHeader(record: readonly string[], file: SourceFile): Header {
  const names = record.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new SourceError("BAD_CSV", `${file.source}: two columns are named ${JSON.stringify(twice)}.`);
  }
  const column = TEXT_COLUMNS.find((name) => names.includes(name));
  if (column === undefined) {
    throw new SourceError(
      "BAD_CSV",
      `${file.source}: no column of text; name one ${TEXT_COLUMNS.join(", ")}. There are: ${names.join(", ")}.`,
    );
  }
  return { names, text: names.indexOf(column), id: names.indexOf("id") };
}

function toDocument(record: readonly string[], header: Header, file: SourceFile, line: number) {
  const id = header.id < 0 ? undefined : record[header.id];
  if (id !== undefined && !isId(id)) {
    const what = id === "" ? "empty" : `${id.length} characters long; it can be ${MAX_ID}`;
    throw new SourceError("BAD_CSV", `${file.source}, line ${line}: the id is ${what}.`);
  }
  const metadata: Record<string, unknown> = { source: file.source };
  for (const [i, name] of header.names.entries()) {
    if (i !== header.text && i !== header.id) metadata[name] = record[i];
  }
  return {
    ...(id !== undefined && { id }),
    pageContent: record[header.text] ?? "",
    metadata,
    kind: "row" as const,
  };
}
