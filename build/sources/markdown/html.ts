import createMarkdown, { type MarkdownIt, type Token } from "markdown-it";
import footnotes from "markdown-it-footnote";

/** Elements that hide what follows them when nothing closes them. In prose their names are meant: "the <select> element". */
const SWALLOWING: ReadonlySet<string> = new Set(
  `script style noscript iframe object canvas audio video head select datalist template svg math title textarea xmp
  noembed noframes plaintext button dialog frameset form`.split(/\s+/),
);
/** Elements of HTML that hide nothing. Other names without an end are placeholders and types: `<your-name>`, `List<T>`. */
const KNOWN: ReadonlySet<string> = new Set(
  `a abbr address area article aside b base bdi bdo big blockquote body br caption center cite code col colgroup data dd
  del details dfn div dl dt em embed fieldset figcaption figure font footer h1 h2 h3 h4 h5 h6 header hgroup hr html i
  img input ins kbd label legend li link main map mark menu meta meter nav nobr ol optgroup option output p param picture
  pre progress q rp rt ruby s samp search section slot small source span strike strong sub summary sup table tbody td
  tfoot th thead time tr track tt u ul var wbr`.split(/\s+/),
);
const OPENING = /^<([a-zA-Z][\w.:-]*)/;
const CLOSINGS = /<\/([a-zA-Z][\w.:-]*)/g;

const markdown = createParser();

/** CommonMark with tables, strikethrough and footnotes, as HTML. Raw HTML stays, comments included. */
export function markdownToHtml(text: string): string {
  return markdown.render(text);
}

function createParser(): MarkdownIt {
  const parser = createMarkdown({ html: true }).use(footnotes);
  // GitHub and remark have no notes within a line, and `x^[2]` is text to them.
  parser.disable("footnote_inline");
  const raw = (tokens: Token[], index: number) => {
    const html = tokens[index]!.content;
    const name = OPENING.exec(html)?.[1]?.toLowerCase();
    if (name === undefined || KNOWN.has(name)) return html;
    if ((closingsOf(tokens).get(name) ?? -1) >= index) return html;
    if (/\/>\s*$/.test(html.slice(-10))) return SWALLOWING.has(name) ? "" : html;
    return parser.utils.escapeHtml(html);
  };
  parser.renderer.rules.html_inline = raw;
  parser.renderer.rules.html_block = raw;
  return parser;
}

/** Last token that closes each name. Found once for tokens that are rendered together. */
const closings = new WeakMap<readonly Token[], ReadonlyMap<string, number>>();

function closingsOf(tokens: readonly Token[]): ReadonlyMap<string, number> {
  const known = closings.get(tokens);
  if (known) return known;
  const found = new Map<string, number>();
  for (const [i, { type, content }] of tokens.entries()) {
    if (type !== "html_inline" && type !== "html_block") continue;
    for (const match of content.matchAll(CLOSINGS)) found.set(match[1]!.toLowerCase(), i);
  }
  closings.set(tokens, found);
  return found;
}
