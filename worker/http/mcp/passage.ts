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
