import { directive, ignored } from "./directives.ts";
import { attribute, type Element, elements, isElement, type Node, textOf } from "./dom.ts";
import { headingLevelOf } from "./furniture.ts";

/** Headings that the title and the content are looked for by. */
export const MAX_HEADINGS_LOOKED_AT = 32;

/** Elements that say where the content of a page may lie, in document order. */
export interface Landmarks {
  body?: Element;
  readonly mains: Element[];
  readonly articles: Element[];
  readonly h1s: Element[];
  /** Marked by an attribute. */
  readonly marked: Element[];
  /** Ids of elements that buttons show and hide. */
  readonly controlled: Set<string>;
}

export function createLandmarks(): Landmarks & { note(element: Element): void } {
  const found: Landmarks = { mains: [], articles: [], h1s: [], marked: [], controlled: new Set() };
  const inside = new WeakSet<Element>();
  const note = (element: Element) => {
    const name = element.tagName;
    if (name === "body") found.body ??= element;
    else if (name === "article") found.articles.push(element);
    if (headingLevelOf(element) === 1) found.h1s.push(element);
    if (name === "main" || attribute(element, "role") === "main") found.mains.push(element);
    if (element.attrs.length === 0) return;
    for (const id of attribute(element, "aria-controls")?.split(/\s+/) ?? []) found.controlled.add(id);
    if (directive(element, "body") !== undefined && !inside.has(element)) {
      found.marked.push(element);
      // A body within a body is part of it already.
      for (const inner of elements(element)) inside.add(inner);
    }
  };
  return Object.assign(found, { note });
}

/** Whether the walk that looks for landmarks goes into an element. */
export function isLookedInto(element: Element): boolean {
  return element.tagName !== "svg" && ignored(element) !== "all";
}

/**
 * The elements that are a page's content, and whether the page says so: marked ones, `main`, a single `article`, or the
 * whole body. Generators also put lists of contents and pages beside into `main`: a single article in it that holds the
 * heading is the content then, when nothing beside it is to be read.
 */
export function contentRoots({ marked, mains, articles, h1s, body }: Landmarks): {
  readonly roots: readonly Element[];
  readonly declared: boolean;
} {
  if (marked.length > 0) return { roots: marked, declared: true };
  const shown = mains.filter((main) => attribute(main, "hidden") === undefined);
  const mainSet = new Set(shown);
  const outer = shown.filter((main) => !hasAncestor(main, mainSet));
  if (outer.length > 0) {
    const inside = articles.filter((article) => isWithin(article, outer));
    const headed =
      inside.length === 1 && h1s.slice(0, MAX_HEADINGS_LOOKED_AT).some((h1) => isWithin(h1, inside));
    return { roots: headed && !hasContentBeside(inside[0]!, outer) ? inside : outer, declared: true };
  }
  if (articles.length === 1) return { roots: articles, declared: true };
  return { roots: body ? [body] : [], declared: false };
}

/** Whether something other than navigation stands in these elements beside an article: a heading or a paragraph. */
function hasContentBeside(article: Element, roots: readonly Element[]): boolean {
  for (const root of roots) {
    for (const element of elements(root, (e) => e !== article && !isBeside(e))) {
      if (isBeside(element) || element === article) continue;
      const readable = headingLevelOf(element) > 0 || element.tagName === "p" || element.tagName === "pre";
      if (readable && textOf(element) !== "") return true;
    }
  }
  return false;
}

function isBeside({ tagName }: Element): boolean {
  return tagName === "nav" || tagName === "aside" || tagName === "footer";
}

function hasAncestor(element: Element, others: ReadonlySet<Element>): boolean {
  for (let node = element.parentNode; node && isElement(node); node = node.parentNode) {
    if (others.has(node)) return true;
  }
  return false;
}

/** Whether an element lies in one of these, or is one. */
export function isWithin(element: Element, roots: readonly Element[]): boolean {
  for (let node: Node | null = element; node; node = isElement(node) ? node.parentNode : null) {
    if (isElement(node) && roots.includes(node)) return true;
  }
  return false;
}
