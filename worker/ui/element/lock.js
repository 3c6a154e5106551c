/** Dialogs that stand over the page. */
let dialogs = 0;
/** @type {(() => void)[]} */
let undo = [];

/**
 * Keeps the page where it is while a dialog stands over it.
 *
 * @returns {() => void} lets it scroll again; to be called once
 */
export function lockScrolling() {
  if (dialogs++ === 0) undo = lock();
  return () => {
    if (--dialogs > 0) return;
    for (const step of undo) step();
  };
}

function lock() {
  const root = document.documentElement;
  // The overflow of `body` is that of the viewport as long as `html` has none of its own.
  const scroller = getComputedStyle(root).overflow === "visible" ? document.body : root;
  const hasBar = innerWidth > root.clientWidth;
  const steps = [setStyle(scroller, "overflow-x", "hidden"), setStyle(scroller, "overflow-y", "hidden")];
  // The place of a scroll bar that takes some stays empty, so that nothing moves.
  if (hasBar) steps.push(setStyle(root, "scrollbar-gutter", "stable"));
  return steps;
}

/** @param {HTMLElement} element @param {string} name @param {string} value @returns {() => void} */
function setStyle({ style }, name, value) {
  const before = style.getPropertyValue(name);
  const priority = style.getPropertyPriority(name);
  style.setProperty(name, value, "important");
  return () => style.setProperty(name, before, priority);
}
