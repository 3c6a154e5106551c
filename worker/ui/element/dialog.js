/** @import { Session } from "./session.js" */
/** @import { View } from "./view.js" */

/**
 * Opens and closes the dialog, and hands to the session what is typed and chosen in it.
 *
 * @param {HTMLElement} host
 * @param {View} view
 * @param {Session} session
 * @param {AbortSignal} signal of this stay on the page
 */
export function createDialog(host, view, session, signal) {
  const { dialog, field, list } = view;
  /** @type {(() => void) | undefined} */
  let unlock;
  const left = () => {
    unlock?.();
    unlock = undefined;
    session.rest();
  };
  // The event `close` comes later than the navigation that follows.
  const close = () => {
    dialog.close();
    left();
  };
  const open = () => {
    // Where the element is not displayed, a modal dialog would be invisible and the page inert.
    if (!view.apart.checkVisibility()) return false;
    // By the page's `dir`, not by the style of the bar that the element stands in.
    dialog.dir = host.matches(":dir(rtl)") ? "rtl" : "ltr";
    if (!dialog.open) dialog.showModal();
    unlock ??= lockScrolling();
    field.focus();
    field.select();
    session.opened();
    return true;
  };

  view.open.addEventListener("click", open);
  view.close.addEventListener("click", close);
  dialog.addEventListener("close", left);
  // A press beside the dialog lands on the dialog itself, as its backdrop.
  dialog.addEventListener("mousedown", (event) => {
    if (event.target === dialog) close();
  });
  // A window that was made narrower may take the element, and with it the dialog, off the page.
  const observer = new ResizeObserver(() => {
    if (dialog.open && !dialog.checkVisibility()) close();
  });
  observer.observe(dialog);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    close();
  });
  listenForKeys(view, session, close);
  listenForChoices(list, session, close);
  addEventListener("online", () => dialog.open && session.ask(), { signal });
  return { open };
}

/** @param {View} view @param {Session} session @param {() => void} close */
function listenForKeys({ field, form, more, forget }, session, close) {
  field.addEventListener("input", session.typed);
  field.addEventListener("keydown", (event) => {
    // Keys of an input method. Safari ends a composition before the key that commits it, and tells by 229 alone.
    if (event.isComposing || event.keyCode === 229) {
      if (event.key === "Escape") event.preventDefault();
      return;
    }
    if (event.key === "ArrowDown") session.move(1);
    else if (event.key === "ArrowUp") session.move(-1);
    else if (event.key === "Enter") session.enter(event, close);
    // Left to the browser, it would empty a search field first.
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  // Keyboards of phones send their Enter as a submission alone.
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    session.enter(event, close);
  });
  more.addEventListener("click", (event) => {
    session.more();
    // Of a press by key; a tap would bring up a phone's keyboard.
    if (event.detail === 0) field.focus();
  });
  forget.addEventListener("click", () => {
    session.forget();
    field.focus();
  });
}

/** @param {HTMLElement} list @param {Session} session @param {() => void} close */
function listenForChoices(list, session, close) {
  /** @param {Event} event */
  const optionOf = (event) =>
    /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[role=option]"));
  list.addEventListener("click", (event) => {
    const option = optionOf(event);
    if (option) session.follow(option, event, close);
  });
  list.addEventListener("mousemove", (event) => {
    const option = optionOf(event);
    if (option) session.point(option);
  });
}

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
