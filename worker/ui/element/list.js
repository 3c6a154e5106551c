import { h, marked, nextId } from "./dom.js";
import { matchesOf } from "./words.js";

/** @import { Page, Section } from "./results.js" */

/** Characters of a passage that are shown: the Worker's are shorter. */
const MOST = 1000;

/**
 * Options of the list box, grouped by page. The page itself is an option when it matched as a whole; otherwise its title
 * is a label, so that the first option is always what matched best.
 *
 * @param {readonly Page[]} pages
 * @param {string} query whose words are marked in titles
 */
export function pageGroups(pages, query) {
  /** @param {string} text */
  const named = (text) => marked({ text, ranges: matchesOf(text, query) });
  return pages.map(({ title, crumbs, whole, sections }) => {
    const id = nextId();
    const head = [h("span", { id, part: "title", class: "title", dir: "auto" }, ...named(title))];
    if (crumbs.length > 0) {
      head.push(h("span", { part: "breadcrumbs", class: "crumbs", dir: "auto" }, crumbs.join(" › ")));
    }
    return h(
      "div",
      { role: "group", part: "page", class: "page", "aria-labelledby": id },
      whole ? option(whole, ...head) : h("div", { role: "presentation", class: "head" }, ...head),
      ...sections.map((section) =>
        option(
          section,
          h("span", { part: "section", class: "section", dir: "auto" }, ...named(section.title)),
        ),
      ),
    );
  });
}

/**
 * @param {Section} section
 * @param {...Node} children
 */
function option(section, ...children) {
  const { id, position, url, excerpt } = section;
  const node = h(
    "a",
    {
      id: nextId(),
      role: "option",
      part: "option",
      class: "option",
      tabindex: -1,
      href: url,
      "aria-selected": "false",
      "data-id": id,
      "data-position": position,
    },
    ...children,
  );
  if (excerpt !== undefined && excerpt.text.trim() !== "") {
    const { offset, ranges } = excerpt;
    const text = excerpt.text.slice(0, MOST).toWellFormed();
    // A passage out of the middle of a text says so; where the text ends is not known.
    const before = offset ? "… " : "";
    const after = /[.!?:;…。！？]\s*$/.test(text) ? "" : " …";
    node.append(
      h(
        "span",
        { part: "excerpt", class: "excerpt", dir: "auto" },
        before,
        ...marked({ text, ranges }),
        after,
      ),
    );
  }
  return node;
}

/**
 * Queries as options: earlier searches, or what completes the typed one.
 *
 * @param {"recent" | "suggestions"} part
 * @param {readonly string[]} queries
 * @param {string} label
 */
export function queryGroup(part, queries, label) {
  const title = nextId();
  return h(
    "div",
    { role: "group", part, class: `page ${part}`, "aria-labelledby": title },
    h("span", { id: title, class: "label", role: "presentation" }, label),
    ...queries.map((query) =>
      h(
        "div",
        {
          id: nextId(),
          role: "option",
          part: "option",
          class: "option",
          "aria-selected": "false",
          "data-query": query,
        },
        h("span", { dir: "auto" }, query),
      ),
    ),
  );
}

/**
 * The list box's active option, of which `aria-activedescendant` tells: the field keeps the focus.
 *
 * @param {HTMLElement} list
 * @param {HTMLElement} field
 */
export function createCursor(list, field) {
  const options = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=option]")]);
  const current = () => /** @type {HTMLElement | null} */ (list.querySelector("[aria-selected=true]"));
  /** @param {HTMLElement | undefined} option */
  const set = (option) => {
    current()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  return {
    current,
    set,
    /** The best result; a query that completes the typed one is a step before it. */
    first: () => set(options().find((option) => option.dataset.id !== undefined)),
    atEnd: () => current() === options().at(-1),
    /** @param {1 | -1} step wraps around */
    move(step) {
      const all = options();
      const at = all.indexOf(/** @type {HTMLElement} */ (current()));
      set(all[(at + step + all.length) % all.length]);
    },
  };
}
