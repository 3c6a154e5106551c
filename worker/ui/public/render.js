import { abbreviate, entryOf } from "./entry.js";

/** @import { Hit } from "./api.js" */

/** Characters of a text that are always shown; about six lines. */
const FOLDED_ABOVE = 480;

/**
 * One list item for a hit. Everything a document says becomes a text node, never markup.
 *
 * @param {Hit} hit
 * @param {number} nearness 1 for the best hit of the answer, 0 for the last: sets the size of the head
 */
export function renderHit(hit, nearness) {
  const entry = entryOf(hit);
  const link = element("a", "head", entry.head);
  link.href = entry.url ?? nearHref(hit.id);
  link.dataset.id = hit.id;
  if (entry.url === undefined) link.dataset.near = hit.id;

  const heading = element("h3", "", link);
  if (entry.others.length > 0) heading.append(element("span", "others", `, ${entry.others.join(", ")}`));
  if (entry.note !== "") {
    const short = abbreviate(entry.note);
    const note = element(short === entry.note ? "span" : "abbr", "note", short);
    if (short !== entry.note) note.title = entry.note;
    heading.append(" ", note);
  }

  const body = element("p", "body", entry.body);
  const item = element("li", "entry", heading, body);
  if (entry.body.length > FOLDED_ABOVE) item.append(foldButton(body));
  const [example] = entry.examples;
  if (example !== undefined) item.append(element("p", "example", `“${example}”`));
  item.append(figure(hit));
  // CSSOM, not a style attribute: the Content Security Policy forbids those.
  item.style.setProperty("--nearness", nearness.toFixed(3));
  return item;
}

/** The distance, or the score when no vectors were compared. @param {Hit} hit */
function figure({ distance, score }) {
  const [name, value] = distance === null ? ["score", score] : ["distance", distance];
  return element("p", "distance", element("span", "unseen", `${name} `), value.toFixed(3));
}

/** Folds a long text and gives the button that unfolds it. @param {HTMLElement} body */
function foldButton(body) {
  const button = element("button", "unfold", "Read on");
  button.type = "button";
  button.setAttribute("aria-expanded", "false");
  body.classList.add("folded");
  button.addEventListener("click", () => {
    const folded = body.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
    button.textContent = folded ? "Read on" : "Fold";
  });
  return button;
}

/**
 * Nearness of each hit within its answer, from its score: 1 for the best, 0 for the last.
 *
 * @param {readonly Hit[]} hits best first
 */
export function nearnessOf(hits) {
  const best = hits.at(0)?.score ?? 0;
  const last = hits.at(-1)?.score ?? 0;
  return hits.map(({ score }) => (best > last ? (score - last) / (best - last) : 1));
}

/** The address of the page that shows what is near an id. @param {string} id */
export function nearHref(id) {
  return `?${new URLSearchParams({ near: id })}`;
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string} className none when empty
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, className, ...children) {
  const node = document.createElement(name);
  if (className !== "") node.className = className;
  node.append(...children);
  return node;
}
