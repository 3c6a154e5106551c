import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { MAX_ROW_BYTES, rowTooLong, SourceError, unreadable } from "./errors.ts";
import type { SourceFile } from "./types.ts";

/** Most characters of a string in V8, so that a longer file is not taken for a broken one. */
const MAX_TEXT_BYTES = 0x1fff_ffe8;
const NEWLINE = 10;

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a UTF-8 file, one read at a time; a byte-order mark and carriage returns go.
 *
 * @throws SourceError `INVALID_UTF8` naming the line, `LINE_TOO_LONG`, `UNREADABLE_SOURCE`
 */
export async function* readLines(file: SourceFile): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  let parts: Uint8Array[] = [];
  let pending = 0;
  const take = (last: Uint8Array): Line => {
    number++;
    const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    parts = [];
    pending = 0;
    let text: string;
    try {
      text = decoder.decode(bytes);
    } catch (cause) {
      throw new SourceError("INVALID_UTF8", `${file.source}, line ${number}: not valid UTF-8.`, { cause });
    }
    if (number === 1) text = text.replace(/^\ufeff/, "");
    return { number, text: text.endsWith("\r") ? text.slice(0, -1) : text };
  };
  try {
    for await (const chunk of createReadStream(file.path, { highWaterMark: 1 << 18 })) {
      const bytes: Uint8Array = chunk;
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
        yield take(bytes.subarray(start, end));
        start = end + 1;
      }
      if (start < bytes.length) parts.push(bytes.subarray(start));
      pending += bytes.length - start;
      if (pending > MAX_ROW_BYTES) throw rowTooLong(file.source, number + 1);
    }
  } catch (error) {
    throw unreadable(file.source, error);
  }
  if (pending > 0) yield take(new Uint8Array(0));
}

/**
 * A whole UTF-8 file, without its byte-order mark.
 *
 * @throws SourceError `INVALID_UTF8` naming the line, `UNREADABLE_SOURCE`
 */
export async function readText(file: SourceFile): Promise<string> {
  const bytes = await readBytes(file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SourceError("INVALID_UTF8", `${file.source}, line ${firstBadLine(bytes)}: not valid UTF-8.`, {
      cause,
    });
  }
}

/**
 * A whole file that becomes one document.
 *
 * @throws SourceError `UNREADABLE_SOURCE`
 */
export async function readBytes(file: SourceFile): Promise<Uint8Array> {
  try {
    const { size } = await stat(file.path);
    if (size <= MAX_TEXT_BYTES) return await readFile(file.path);
    const message = `${file.source} has ${size} bytes, too many for one document. Cut it into files, or make it JSONL.`;
    throw new SourceError("UNREADABLE_SOURCE", message);
  } catch (error) {
    throw unreadable(file.source, error);
  }
}

function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
  }
}
