import { collapse } from "./dom.ts";

export const BLOCKS: ReadonlySet<string> = new Set(
  `address article aside blockquote body caption dd details dialog div dl dt fieldset figcaption figure footer form h1 h2
  h3 h4 h5 h6 header hgroup hr legend li main nav ol optgroup option p pre search section summary table tbody text tfoot
  thead tr ul`.split(/\s+/),
);
/** Set apart by a blank line, so that splitters see paragraphs. */
export const PARAGRAPHS: ReadonlySet<string> = new Set(
  "article blockquote dl figure h1 h2 h3 h4 h5 h6 main ol p pre section table ul".split(" "),
);

/** Context of a text: code as it stands, a link that leads to another place of the site, code in a line. */
export interface Within {
  readonly preformatted: boolean;
  readonly link: boolean;
  readonly code: boolean;
}

/** Lines that are links with little beside them, and lines that say something. */
export interface Listed {
  readonly links: number;
  readonly prose: number;
}

/** Lines of a text, counted from 0: the first, and the one behind the last. */
export type LineRange = readonly [first: number, end: number];

/** Characters beside its links that an entry of a list may have: a number of a page, "see also". */
const MAX_BESIDE = 24;
/** Letters of code beside links from which a line is a signature. */
const MIN_CODE = 3;

/** Gathers visible text: white space collapsed, blocks on lines of their own. */
export function createLines() {
  const done: string[] = [];
  /** Lines of `done` that are preformatted. */
  const preformatted: LineRange[] = [];
  /** The line at hand. Parts, because looking at the end of a string that grows costs its length. */
  let parts: string[] = [];
  let blankEnd = true;
  let listedLines = 0;
  let proseLines = 0;
  let beside = 0;
  let code = 0;
  let linked = false;
  let isPreformatted = false;
  const put = (text: string) => {
    if (text === "") return;
    parts.push(text);
    blankEnd = text.endsWith(" ");
  };
  const endLine = (keepEmpty: boolean) => {
    const text = parts.join("").trimEnd();
    if (text !== "" || keepEmpty) {
      done.push(text);
      if (isPreformatted) addLine(preformatted, done.length - 1);
    }
    if (text !== "") {
      if (code >= MIN_CODE || beside > MAX_BESIDE) proseLines++;
      else if (linked) listedLines++;
    }
    parts = [];
    blankEnd = true;
    beside = 0;
    code = 0;
    linked = false;
    isPreformatted = false;
  };
  const measure = (text: string, within: Within) => {
    if (within.link) linked = true;
    else {
      const letters = text.trim().length;
      beside += letters;
      if (within.code || within.preformatted) code += letters;
    }
  };
  const block = () => endLine(false);
  return {
    block,
    paragraph: () => {
      block();
      if (done.length > 0 && done.at(-1) !== "") done.push("");
    },
    text: (value: string, within: Within) => {
      if (within.preformatted) {
        for (const [i, part] of value.split(/\r?\n/).entries()) {
          if (i > 0) endLine(true);
          isPreformatted = true;
          measure(part, within);
          put(part);
        }
        return;
      }
      const flat = collapse(value);
      measure(flat, within);
      put(blankEnd ? flat.trimStart() : flat);
    },
    /** A blank, between cells for one. */
    space: () => {
      if (!blankEnd) put(" ");
    },
    finish: (): Gathered => {
      block();
      // As many lines as are cut off below.
      const before = done.findIndex((line) => line.trim() !== "");
      return {
        text: done.join("\n").trim(),
        listed: { links: listedLines, prose: proseLines },
        code: preformatted
          .map(([first, end]): LineRange => [Math.max(first - before, 0), end - before])
          .filter(([first, end]) => end > first),
      };
    },
  };
}

interface Gathered {
  readonly text: string;
  readonly listed: Listed;
  /** Preformatted lines. */
  readonly code: readonly LineRange[];
}

function addLine(ranges: LineRange[], line: number): void {
  const [first, end] = ranges.at(-1) ?? [];
  if (first !== undefined && end === line) ranges[ranges.length - 1] = [first, line + 1];
  else ranges.push([line, line + 1]);
}
