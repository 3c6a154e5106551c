/** Elements within elements, as browsers bound them. */
const MAX_DEPTH = 512;
/** Open elements of formatting: every paragraph opens them all again, so that many would multiply the page. */
const MAX_FORMATTING = 8;

const FORMATTING: ReadonlySet<string> = new Set("b big code em font i s small strike strong tt u".split(" "));
/** Elements that have no end, need none, or end another of their kind: it cannot nest by itself. */
const FLAT: ReadonlySet<string> = new Set(
  `a area base body br button col colgroup dd dt embed form head hr html img input li link meta nobr optgroup option p
  param rb rp rt rtc source tbody td tfoot th thead tr track wbr`.split(/\s+/),
);
/** Structure that a page is read by; twice as deep. */
const KEPT: ReadonlySet<string> = new Set("main article h1 h2 h3 h4 h5 h6".split(" "));
/** Elements whose content is text until their end tag. */
const RAW: ReadonlySet<string> = new Set(
  "script style textarea title xmp iframe noembed noframes noscript".split(" "),
);
/** `<`, a slash perhaps, and the name. */
const TAG = /<(\/?)([a-zA-Z][^\s/>]{0,40})/y;

/**
 * HTML whose elements nest no deeper than browsers let them: tags beyond are made empty elements, which keeps their text
 * and attributes. A parser's time and memory grow with depth times length, and a page of a megabyte would exhaust both.
 */
export function boundNesting(html: string): string {
  const open = new Map<string, number>();
  /** Number of elements of a name that were not opened; their end tags go too. */
  const dropped = new Map<string, number>();
  const parts: string[] = [];
  let depth = 0;
  let formatting = 0;
  let copied = 0;
  for (let at = html.indexOf("<"); at >= 0; at = html.indexOf("<", at)) {
    if (html.startsWith("<!--", at)) {
      const end = html.indexOf("-->", at + 4);
      if (end < 0) break;
      at = end;
      continue;
    }
    TAG.lastIndex = at;
    const tag = TAG.exec(html);
    if (!tag) {
      at++;
      continue;
    }
    const start = at;
    at = TAG.lastIndex;
    const name = tag[2]!.toLowerCase();
    const ends = tag[1] === "/";
    if (!ends && RAW.has(name)) {
      const end = endOfRaw(html, at, name);
      if (end < 0) break;
      at = end;
      continue;
    }
    if (FLAT.has(name)) continue;
    const isFormatting = FORMATTING.has(name);
    const drop = () => {
      parts.push(html.slice(copied, start), ends ? "</wbr" : "<wbr");
      copied = at;
    };
    if (ends) {
      const missing = dropped.get(name) ?? 0;
      const left = open.get(name) ?? 0;
      if (missing > 0) {
        dropped.set(name, missing - 1);
        drop();
      } else if (left > 0) {
        open.set(name, left - 1);
        depth--;
        if (isFormatting) formatting--;
      }
    } else if (
      (isFormatting && formatting >= MAX_FORMATTING) ||
      depth >= (KEPT.has(name) ? 2 * MAX_DEPTH : MAX_DEPTH)
    ) {
      dropped.set(name, (dropped.get(name) ?? 0) + 1);
      drop();
    } else {
      open.set(name, (open.get(name) ?? 0) + 1);
      depth++;
      if (isFormatting) formatting++;
    }
  }
  return parts.length === 0 ? html : parts.join("") + html.slice(copied);
}

/** The end tag of an element of text; -1 when there is none, and all the rest is its text. */
function endOfRaw(html: string, from: number, name: string): number {
  for (let at = html.indexOf("</", from); at >= 0; at = html.indexOf("</", at + 2)) {
    if (html.slice(at + 2, at + 2 + name.length).toLowerCase() === name) return at;
  }
  return -1;
}
