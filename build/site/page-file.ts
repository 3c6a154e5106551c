import { decodeHtml } from "../sources/charset.ts";
import { readBytes, readText } from "../sources/lines.ts";
import type { SourceFile } from "../sources/types.ts";
import { readMarkdownPage } from "./markdown.ts";
import { type Page, readPage, type Skipped } from "./page.ts";
import { siteBase, urlOfFile } from "./urls.ts";

/** Reads one file of a site. @throws SourceError `UNREADABLE_SOURCE`, `BAD_FRONT_MATTER` */
export async function readPageFile(file: SourceFile): Promise<Page | Skipped> {
  if (!isHtml(file)) return readMarkdownPage(await readText(file), file);
  return readPage(decodeHtml(await readBytes(file)), urlOfFile(file.source, siteBase()));
}

export function isHtml({ path }: SourceFile): boolean {
  return /\.html?$/i.test(path);
}
