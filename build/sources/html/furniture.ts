import { ignored } from "./directives.ts";
import { attribute, type Element, elements, isElement, isShadowRoot, isText, type Node } from "./dom.ts";

/** Never shown as text, or not of this page. Of what stands in `svg`, its labels are text. */
const UNSEEN: ReadonlySet<string> = new Set(
  `script style noscript iframe object embed canvas audio video head select datalist template rt rp title desc defs
  metadata symbol annotation annotation-xml`.split(/\s+/),
);
const FURNITURE_ROLES: ReadonlySet<string> = new Set(
  "navigation search contentinfo banner menu menubar".split(" "),
);
/** Furniture by the names that generators give it: DocBook, Sphinx, Texinfo, Bootstrap, Docusaurus and those that follow them. */
const FURNITURE_CLASSES =
  /(?:^|\s)(?:nav|navbar|navheader|navfooter|nav-panel|navigation|pagination|breadcrumbs?|sphinxsidebar|skip-(?:link|nav)|theme-doc-(?:footer|toc-mobile|version-badge|version-banner)|theme-edit-this-page)(?:\s|$)/i;
/** Classes of lists of a page's own headings; a list of other pages may be all the content that a page has. */
const CONTENTS =
  /(?:^|\s)(?:toc|toc-list|simple-toc|page-toc|table-?of-?contents|contents|on-this-page)(?:\s|$)/i;
/** Buttons that do something with what stands beside them. */
const TOOL = /\b(?:copy|copied|clipboard|close|dismiss)\b/i;
/** Elements within which a header, a footer or an aside belongs to what it stands in and not to the page. */
const SECTIONING: ReadonlySet<string> = new Set(
  "article section main blockquote details dialog fieldset figure td li dd".split(" "),
);
const HEADING = /^h[1-6]$/;
const WORDY: ReadonlySet<string> = new Set("p li dd pre table blockquote h1 h2 h3 h4 h5 h6".split(" "));
/** Elements that are looked at in search of what an element holds, on one page: nested ones are looked at again. */
const MAX_LOOKED_AT = 200_000;
/** Share of links in an aside's text, and number of links, from which it is a menu. */
const MOSTLY = 0.9;
const MENU = 5;

/** A page, as far as telling its content from what is around it needs it. */
export interface PageContext {
  /** Whether the page says by an element or attribute which part is content: nothing in it goes for its tag's name. */
  readonly declared: boolean;
  /** Whether an address leads to a place on this page. */
  readonly leadsHere: (href: string) => boolean;
  /** Ids of elements that a button of the page shows and hides. */
  readonly controlled: ReadonlySet<string>;
}

/** Whether an element, and all that it holds, is no content. */
export type LeftOut = (element: Element) => boolean;

/** Makes the test for what is not content of a page. */
export function furnitureOf(page: PageContext): LeftOut {
  let looks = 0;
  /** Elements that one holds, as long as the page's budget lasts. */
  function* held(element: Element): Generator<Element> {
    for (const inner of elements(element)) {
      if (++looks > MAX_LOOKED_AT) return;
      if (inner !== element) yield inner;
    }
  }
  const holds = (element: Element, test: (inner: Element) => boolean) => {
    for (const inner of held(element)) if (test(inner)) return true;
    return false;
  };

  const isContents = (element: Element) => {
    const names = `${attribute(element, "class") ?? ""} ${attribute(element, "id") ?? ""}`;
    if (!CONTENTS.test(names) && attribute(element, "role") !== "doc-toc") return false;
    let links = 0;
    for (const inner of held(element)) {
      if (inner.tagName !== "a") continue;
      links++;
      if (!page.leadsHere(attribute(inner, "href") ?? "")) return false;
    }
    return links > 0;
  };
  /** A form that searches the site and holds nothing to read: on many a page one form holds all the content. */
  const isSearchForm = (element: Element) =>
    holds(element, isSearchField) && !holds(element, ({ tagName }) => WORDY.has(tagName));
  /** Links to pages beside this one, a date: not what ends a quotation, nor notes. */
  const isFooter = (element: Element) => {
    if (!page.declared && atPageLevel(element)) return true;
    if (lies(element, "blockquote", "figure")) return false;
    if (holds(element, isNavigation)) return true;
    return !holds(element, ({ tagName }) => WORDY.has(tagName)) || isMenu(element);
  };
  /** All but all of its text is links. */
  const isMenu = (element: Element) => {
    let links = 0;
    let linked = 0;
    let text = 0;
    for (const inner of held(element)) {
      const own = ownLetters(inner);
      text += own;
      if (inner.tagName === "a") links++;
      if (own > 0 && lies(inner, "a")) linked += own;
    }
    return links >= MENU && linked >= MOSTLY * text;
  };
  /** The site's header, not an article's: at the top of the page, and without its title. */
  const isHeader = (element: Element) =>
    !page.declared &&
    element.parentNode?.nodeName === "body" &&
    !holds(element, ({ tagName }) => tagName === "h1");
  const isAside = (element: Element) => {
    if (page.declared) return holds(element, isNavigation) || isMenu(element);
    const role = attribute(element, "role") ?? "";
    return !role.startsWith("doc-") && role !== "note" && atPageLevel(element);
  };

  const byName: Readonly<Record<string, LeftOut>> = {
    nav: () => true,
    search: () => true,
    form: isSearchForm,
    footer: isFooter,
    header: isHeader,
    aside: isAside,
    button: isTool,
    dialog: (element) => attribute(element, "open") === undefined,
  };

  return (element) => {
    const name = element.tagName;
    if (UNSEEN.has(name)) return !isShadowRoot(element);
    // Most elements have none: nothing more can be said of them but their name.
    if (element.attrs.length > 0) {
      if (FURNITURE_ROLES.has(attribute(element, "role") ?? "")) return true;
      if (FURNITURE_CLASSES.test(attribute(element, "class") ?? "")) return true;
      if (isHidden(element, page.controlled) || ignored(element) !== undefined) return true;
      if (isForReadersOfScreens(element) || isContents(element) || isLanguageLabel(element)) return true;
    }
    return Object.hasOwn(byName, name) && byName[name]!(element);
  };
}

/** Inline style of an element that is not displayed; style sheets are not read. */
const NOT_DISPLAYED = /(?:^|;)\s*display\s*:\s*none\s*(?:!\s*important\s*)?(?:;|$)/i;

/** Hidden, and not a panel that a reader opens. */
function isHidden(element: Element, controlled: ReadonlySet<string>): boolean {
  const hidden = attribute(element, "hidden");
  const shut =
    (hidden !== undefined && hidden.toLowerCase() !== "until-found") ||
    attribute(element, "aria-hidden") === "true" ||
    NOT_DISPLAYED.test(attribute(element, "style") ?? "");
  if (!shut) return false;
  const role = attribute(element, "role");
  if (role === "tabpanel") return false;
  return role === "dialog" || role === "listbox" || !controlled.has(attribute(element, "id") ?? "");
}

/** The name of a link for those who do not see it, such as "Section titled …" on a heading's anchor. */
function isForReadersOfScreens(element: Element): boolean {
  return (
    /(?:^|\s)(?:sr-only|visually-?hidden|screen-reader-(?:text|only))(?:\s|$)/i.test(
      attribute(element, "class") ?? "",
    ) && lies(element, "a", "button")
  );
}

/** The name of a language in the corner of a block of code, as VitePress has it. */
function isLanguageLabel(element: Element): boolean {
  const block = element.parentNode;
  return (
    attribute(element, "class") === "lang" &&
    block !== null &&
    isElement(block) &&
    /(?:^|\s)language-/.test(attribute(block, "class") ?? "") &&
    block.childNodes.some((node) => isElement(node) && node.tagName === "pre")
  );
}

function isTool(button: Element): boolean {
  const type = attribute(button, "type")?.toLowerCase();
  if (type === "submit" || type === "reset") return true;
  const names = ["class", "id", "title", "aria-label"].map((name) => attribute(button, name) ?? "");
  // Words of a name may be joined: copy-button, btn_clipboard, copyButton.
  return TOOL.test(names.join(" ").replace(/([a-z])([A-Z])|_/g, "$1 $2")) || TOOL.test(shortText(button));
}

/** Text of a button that says no more than what it does. */
function shortText(button: Element): string {
  let text = "";
  for (const inner of elements(button)) {
    for (const node of inner.childNodes) if (isText(node)) text += node.value;
    if (text.length > 40) return "";
  }
  const words = text.trim();
  return words.split(/\s+/).length <= 2 ? words : "";
}

function isSearchField({ tagName, attrs }: Element): boolean {
  return (
    tagName === "input" &&
    attrs.some(
      ({ name, value }) =>
        (name === "type" && value.toLowerCase() === "search") ||
        (name === "name" && /^(?:q|s|query|search)$/i.test(value)),
    )
  );
}

function isNavigation(element: Element): boolean {
  return element.tagName === "nav" || attribute(element, "role") === "navigation";
}

/** In nothing that is a part of the page by itself. */
function atPageLevel(element: Element): boolean {
  for (let node = element.parentNode; node && isElement(node); node = node.parentNode) {
    if (SECTIONING.has(node.tagName)) return false;
  }
  return true;
}

/** Whether an element lies in one of these names; looked for as far as browsers nest elements. */
function lies(element: Element, ...names: readonly string[]): boolean {
  for (let node: Node | null = element; node && isElement(node); node = node.parentNode) {
    if (names.includes(node.tagName)) return true;
  }
  return false;
}

function ownLetters(element: Element): number {
  let letters = 0;
  for (const node of element.childNodes) if (isText(node)) letters += node.value.trim().length;
  return letters;
}

/** Whether an element is a heading, by its name or its role. */
export function headingLevelOf(element: Element): number {
  if (HEADING.test(element.tagName)) return Number(element.tagName[1]);
  if (attribute(element, "role") !== "heading") return 0;
  const level = Number(attribute(element, "aria-level") ?? 2);
  return Number.isInteger(level) && level >= 1 && level <= 6 ? level : 2;
}
