/**
 * `/` and Ctrl-K (⌘K) open the search from anywhere on the page, except where somebody is writing.
 *
 * @param {() => void} open
 * @param {AbortSignal} signal ends it
 */
export function listenForShortcuts(open, signal) {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      const k =
        event.key.toLowerCase() === "k" &&
        (event.ctrlKey || event.metaKey) &&
        !event.altKey &&
        !event.shiftKey;
      const slash =
        event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting(event);
      if (!k && !slash) return;
      event.preventDefault();
      open();
    },
    { signal },
  );
}

/** @param {KeyboardEvent} event */
function isWriting(event) {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:input|textarea|select)$/i.test(target.tagName))
  );
}

/** The shortcut as this machine's keyboard names it. */
export function shortcutName() {
  return /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";
}
