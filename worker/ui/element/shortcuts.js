/**
 * `/` and Ctrl-K (⌘K) open the search from anywhere on the page, except where somebody is writing.
 *
 * @param {() => boolean} open says whether it did
 * @param {AbortSignal} signal ends it
 */
export function listenForShortcuts(open, signal) {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const { ctrlKey, metaKey, shiftKey } = event;
      const isK = (ctrlKey || metaKey) && !shiftKey && isKeyK(event);
      const isSlash = event.key === "/" && !ctrlKey && !metaKey && !isWriting(event);
      if ((isK || isSlash) && open()) event.preventDefault();
    },
    { signal },
  );
}

/** The key of the letter k; where the layout has other letters, the one in its place. @param {KeyboardEvent} event */
function isKeyK({ key, code }) {
  const letter = key.toLowerCase();
  return letter === "k" || (code === "KeyK" && !/^[a-z]$/.test(letter));
}

/** @param {KeyboardEvent} event */
function isWriting(event) {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    // Nobody can tell what has the focus in a closed shadow root.
    (target.isContentEditable || /^(?:input|textarea|select|.+-.+)$/i.test(target.localName))
  );
}

/** The shortcut as this machine's keyboard names it. */
export function shortcutName() {
  return /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";
}
