import { attribute, type Element, textOf } from "./dom.ts";

/**
 * Attributes of a site: `data-search-body`, `-ignore`, `-weight`, `-filter`, `-meta`,
 * `-default-meta`, `-sort`, `-index-attrs`, and Pagefind's own (`data-pagefind-...`), which mean the same, so that a site can
 * switch as it is. https://pagefind.app/docs/indexing/
 */
const PREFIXES = ["data-search-", "data-pagefind-"] as const;
export type Directive =
  | "body"
  | "ignore"
  | "weight"
  | "filter"
  | "meta"
  | "default-meta"
  | "sort"
  | "index-attrs";

/** The value of a directive on an element; undefined when it has none. */
export function directive(element: Element, name: Directive): string | undefined {
  for (const prefix of PREFIXES) {
    const value = attribute(element, prefix + name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** `index`: its text is not indexed, its filters and metadata count. `all`: nothing of it counts. */
export function ignored(element: Element): "index" | "all" | undefined {
  const value = directive(element, "ignore")?.toLowerCase();
  if (value === undefined) return undefined;
  return value === "" || value === "index" || value === "true" ? "index" : "all";
}

/**
 * Names and values of a filter or meta attribute: `author` takes the element's text, `image[src]` an attribute,
 * `kind:post` the value itself. A comma separates several; a colon ends the list, so that a value may hold commas.
 */
export function capture(element: Element, value: string): [name: string, value: string][] {
  const colon = value.indexOf(":");
  const names = (colon < 0 ? value : value.slice(0, colon)).split(",").map((name) => name.trim());
  const literal = colon < 0 ? undefined : value.slice(colon + 1).trim();
  return names.flatMap((name, i): [string, string][] => {
    if (name === "") return [];
    if (literal !== undefined && i === names.length - 1) return [[name, literal]];
    const bracket = /^([^:[\]]+)\[(.+)\]$/.exec(name);
    const found = bracket ? attribute(element, bracket[2]!) : textOf(element);
    return found ? [[bracket ? bracket[1]!.trim() : name, found]] : [];
  });
}
