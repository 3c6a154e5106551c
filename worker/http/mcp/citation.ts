import type { StoredDocument } from "../../core/format/meta.ts";
import { baseOf } from "../problem-response.ts";
import type { ToolCall } from "./types.ts";

/** Longest text of a metadata value that is passed on, in UTF-16 units. */
const MAX_VALUE = 300;
const MAX_VALUES = 20;
/** Fields that a citation has under names of its own, or that serve the search alone. */
const OWN_FIELDS: ReadonlySet<string> = new Set(["url", "page", "title", "heading", "important", "loc"]);

/** Source of a passage. */
export interface Citation {
  readonly index: string;
  readonly version: string;
  readonly id: string;
  readonly url: string;
  readonly title?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface Place {
  readonly index: string;
  readonly version: string;
  readonly id: string;
}

export function citationOf(
  call: ToolCall,
  place: Place,
  metadata: StoredDocument["metadata"] = {},
): Citation {
  const titles = [metadata.title, metadata.heading].filter((one) => typeof one === "string" && one !== "");
  const title = [...new Set(titles)].join(" › ");
  const others = Object.entries(metadata).filter(([name, value]) => !OWN_FIELDS.has(name) && isShort(value));
  return {
    ...place,
    url: urlOf(call, place, metadata.url),
    ...(title !== "" && { title }),
    ...(others.length > 0 && { metadata: Object.fromEntries(others) }),
  };
}

/** The document's page on the site; one without a page is cited by its address in this API. */
function urlOf({ c, options }: ToolCall, { index, id }: Place, url: unknown): string {
  if (typeof url === "string" && url !== "") {
    const page = URL.parse(url, options.siteUrl ?? c.req.url);
    if (page?.protocol === "https:" || page?.protocol === "http:") return page.href;
  }
  const path = id.split("/").map(encodeURIComponent).join("/");
  return new URL(`${baseOf(c)}/v1/indexes/${index}/documents/${path}`, c.req.url).href;
}

function isShort(value: unknown): boolean {
  if (Array.isArray(value))
    return value.length <= MAX_VALUES && value.every((one) => !Array.isArray(one) && isShort(one));
  if (typeof value === "string") return value.length <= MAX_VALUE;
  return typeof value === "number" || typeof value === "boolean";
}

/** The lines above a passage. */
export function citationText({ index, version, id, url, title }: Citation): string {
  return `${title ?? id}\nurl: ${url}\nid: ${id}\nindex: ${index}, version ${version}`;
}

/** A part of a text. */
export interface Passage {
  readonly text: string;
  /** First character of the part, in UTF-16 units. */
  readonly offset: number;
  /** Offset to read on from; absent at the end. */
  readonly nextOffset?: number;
}

/** Longest passage of a search, in UTF-16 units: a section of a page as it is indexed. */
export const PASSAGE_LENGTH = 1500;
/** Text before the words that were found. */
const BEFORE = 300;

/** The whole text when it is short, else the part around what was found. */
export function passageAround(text: string, found = 0): Passage {
  if (text.length <= PASSAGE_LENGTH) return { text, offset: 0 };
  const from = Math.min(Math.max(0, found - BEFORE), text.length - PASSAGE_LENGTH);
  return partOf(text, from, PASSAGE_LENGTH);
}

/** At most `length` units from `offset`, no character cut in two. */
export function partOf(text: string, offset: number, length: number): Passage {
  const start = boundary(text, Math.min(offset, text.length));
  const end = boundary(text, Math.min(start + length, text.length));
  return { text: text.slice(start, end), offset: start, ...(end < text.length && { nextOffset: end }) };
}

function boundary(text: string, at: number): number {
  const isTrail = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
  const isLead = at > 0 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
  return isTrail && isLead ? at + 1 : at;
}

/** A passage as text, with signs where something is left out. */
export function shownPassage({ text, offset, nextOffset }: Passage): string {
  return `${offset > 0 ? "… " : ""}${text}${nextOffset === undefined ? "" : " …"}`;
}
