/**
 * An element with attributes and children. Strings become text nodes: nothing that a document says is ever markup.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | number | boolean | undefined>} attributes `true` is present, `false` and undefined absent
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function h(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

/** A magnifying glass, for the eye alone. */
export function glass() {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of [
    ["viewBox", "0 0 20 20"],
    ["class", "glass"],
    ["aria-hidden", "true"],
  ]) {
    svg.setAttribute(String(key), String(value));
  }
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", "M8.5 3a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM12.6 12.6 17 17");
  svg.append(path);
  return svg;
}

/** Ids within one shadow root. */
let count = 0;
export function nextId() {
  return `as${count++}`;
}

/**
 * A text with its matches in `mark` elements.
 *
 * @param {{ text: string, ranges: readonly { start: number, end: number }[] }} excerpt
 * @returns {(Node | string)[]}
 */
export function marked({ text, ranges }) {
  /** @type {(Node | string)[]} */
  const parts = [];
  let at = 0;
  for (const { start, end } of ranges) {
    if (start < at || end > text.length) continue;
    parts.push(text.slice(at, start), h("mark", { part: "mark" }, text.slice(start, end)));
    at = end;
  }
  parts.push(text.slice(at));
  return parts;
}
