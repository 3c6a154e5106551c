/**
 * Moves about the page without a mouse: `/` to the field, arrows among the answers, Escape back. The answers are
 * links, so Enter, Tab and a screen reader's own keys do what they always do.
 *
 * @param {{ field: HTMLInputElement, entries: HTMLElement, clear: () => void }} page
 */
export function listenForKeys({ field, entries, clear }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const heads = Array.from(entries.querySelectorAll("a"));
    const focused = document.activeElement?.closest("a");
    const at = focused ? heads.indexOf(focused) : -1;
    const inField = document.activeElement === field;
    if (event.key === "/" && !inField) focusField();
    else if (event.key === "Escape" && inField) clear();
    else if (event.key === "Escape" && at >= 0) focusField();
    else if (event.key === "ArrowDown" && (inField || at >= 0))
      heads[Math.min(at + 1, heads.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at === 0) focusField();
    else if (event.key === "ArrowUp" && at > 0) heads[at - 1]?.focus();
    else if (event.key === "Home" && at >= 0) heads[0]?.focus();
    else if (event.key === "End" && at >= 0) heads.at(-1)?.focus();
    else return;
    event.preventDefault();
  });

  function focusField() {
    field.focus();
    field.select();
  }
}
