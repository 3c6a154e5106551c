import { decodeHtml } from "../sources/charset.ts";
import { readBytes, readText } from "../sources/lines.ts";
import type { SourceFile } from "../sources/types.ts";
import { readMarkdownPage } from "./markdown.ts";
import { type Page, readPage, type Skipped } from "./page.ts";

/** Reads one file of a site. @throws SourceError `UNREADABLE_SOURCE` */
export async function readPageFile(file: SourceFile): Promise<Page | Skipped> {
  if (isHtml(file)) return readPage(decodeHtml(await readBytes(file)));
  const page = readMarkdownPage(await readText(file), file);
  return page.sections.length > 0 ? page : "empty";
}

export function isHtml({ path }: SourceFile): boolean {
  return /\.html?$/i.test(path);
}
