/**
 * The element's style. A constructed sheet, which a strict Content Security Policy does not forbid. Colours follow the
 * page's `color-scheme`; everything that a site may want to change is a custom property or a part.
 */
export const sheet = () => {
  const style = new CSSStyleSheet();
  style.replaceSync(CSS);
  return style;
};

const CSS = `
:host {
  --accent: var(--annoy-search-accent, light-dark(#0b57d0, #a8c7fa));
  --back: var(--annoy-search-background, light-dark(#fff, #1b1b1d));
  --ink: var(--annoy-search-text, light-dark(#1a1a1a, #ececec));
  --faint: var(--annoy-search-muted, light-dark(#5c5f66, #a6a9b0));
  --line: var(--annoy-search-border, light-dark(#dcdee3, #3b3c40));
  --lit: var(--annoy-search-active, light-dark(#eef3fd, #2a2f3a));
  --mark: var(--annoy-search-mark, light-dark(#fff0b3, #5a4a00));
  --round: var(--annoy-search-radius, 10px);
  display: inline-block;
  font: var(--annoy-search-font, inherit);
}
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([theme="auto"]) { color-scheme: light dark; }
:host([hidden]), [hidden] { display: none !important; }
* { box-sizing: border-box; }
button { font: inherit; color: inherit; cursor: pointer; background: none; border: 0; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
kbd {
  padding: 1px 6px;
  border: 1px solid var(--line);
  border-radius: 4px;
  color: var(--faint);
  font: inherit;
  font-size: 0.8125em;
  white-space: nowrap;
}
.glass { flex: none; width: 1.05em; height: 1.05em; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; }
form .glass { width: 1.25em; height: 1.25em; color: var(--faint); }
.open {
  display: inline-flex;
  gap: 10px;
  align-items: center;
  padding-block: 7px;
  padding-inline: 12px 10px;
  border: 1px solid var(--line);
  border-radius: var(--round);
  background: var(--back);
  color: var(--faint);
}
.open:hover { border-color: var(--accent); }
/* Text styles of the page end here, and all else that is inherited. A box, so that it can be asked whether it is displayed. */
.apart { all: initial; position: fixed; width: 0; height: 0; color-scheme: inherit; font-family: inherit; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
dialog {
  font: var(--annoy-search-font, inherit);
  -webkit-user-select: text;
  user-select: text;
  inset-block-start: min(12vh, 96px);
  width: min(640px, 100vw - 32px);
  max-height: min(720px, 100dvh - 2 * min(12vh, 96px));
  margin: 0 auto;
  padding: 0;
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: calc(var(--round) + 4px);
  background: var(--back);
  color: var(--ink);
  box-shadow: 0 16px 48px rgb(0 0 0 / 0.28);
  line-height: 1.45;
  overflow-wrap: anywhere;
}
dialog[open] { display: flex; flex-direction: column; }
dialog::backdrop { background: rgb(0 0 0 / 0.4); }
form { display: flex; gap: 10px; align-items: center; padding-block: 6px; padding-inline: 18px 10px; border-bottom: 1px solid var(--line); }
form:focus-within { border-color: var(--accent); }
input[role="combobox"] {
  flex: 1;
  min-width: 0;
  padding: 10px 0;
  border: 0;
  outline: 0;
  background: none;
  color: inherit;
  font: inherit;
  font-size: max(1.125em, 16px);
  appearance: none;
}
input::placeholder { color: var(--faint); opacity: 1; }
input::-webkit-search-cancel-button { appearance: none; }
.close { padding: 6px 10px; border-radius: 6px; color: var(--faint); }
.close:hover, .text-button:hover { color: var(--ink); }
.filters { display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 8px 18px; border-bottom: 1px solid var(--line); }
fieldset { display: flex; flex-wrap: wrap; gap: 2px 12px; min-width: 0; margin: 0; padding: 0; border: 0; font-size: 0.875em; }
legend { float: inline-start; margin-inline-end: 12px; padding: 3px 0; color: var(--faint); }
label { display: inline-flex; gap: 5px; align-items: center; padding: 3px 0; }
input[type="checkbox"] { width: 16px; height: 16px; margin: 0; accent-color: var(--accent); }
.count { color: var(--faint); font-variant-numeric: tabular-nums; }
.scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; }
.waiting { opacity: 0.5; }
.page { padding: 8px; }
.page + .page { border-top: 1px solid var(--line); }
.head, .option { display: block; padding: 6px 10px; }
.option { border-radius: 6px; color: inherit; text-decoration: none; cursor: pointer; }
.option[aria-selected="true"] { background: var(--lit); box-shadow: inset 3px 0 var(--accent); }
dialog:dir(rtl) .option[aria-selected="true"] { box-shadow: inset -3px 0 var(--accent); }
.title { font-weight: 650; }
.crumbs, .excerpt, .label { color: var(--faint); font-size: 0.875em; }
.crumbs { margin-inline: 10px; }
.label { padding: 6px 10px; }
.section { font-weight: 500; }
.head ~ .option, a.option ~ .option { margin-inline-start: 12px; }
.excerpt { display: -webkit-box; overflow: hidden; -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
mark { border-radius: 2px; background: var(--mark); color: var(--ink); }
.notice { padding: 22px 18px; }
.notice:not(:has(+ :empty)) { padding-block: 12px 4px; color: var(--faint); font-size: 0.875em; }
.notice:empty { display: none; }
.correction { color: var(--ink); font-size: 1rem; }
.correction .text-button { padding: 0; color: var(--accent); font-weight: 600; }
.suggestions { display: flex; flex-wrap: wrap; gap: 4px; align-items: center; padding-block: 6px; }
.suggestions .label { padding-block: 3px; }
.suggestions .option { padding: 3px 10px; border: 1px solid var(--line); border-radius: 99px; font-size: 0.875em; }
#list .suggestions .option[aria-selected="true"] { border-color: var(--accent); box-shadow: none; }
.text-button { padding: 0 4px; color: var(--faint); text-decoration: underline; }
.foot { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; padding: 8px 18px; border-top: 1px solid var(--line); color: var(--faint); font-size: 0.8125em; }
.foot .text-button, .foot .count { margin-inline-start: auto; }
.foot .count:empty { display: none; }
.more { display: block; width: calc(100% - 16px); margin: 0 8px 8px; padding: 9px; border-radius: 6px; color: var(--accent); text-align: center; }
.more:hover { background: var(--lit); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 480px) {
  dialog { inset: 0; width: 100vw; max-width: 100vw; height: 100dvh; max-height: 100dvh; border: 0; border-radius: 0; }
  .keys, .open kbd, .foot:not(:has(.count:not(:empty), .text-button:not([hidden]))) { display: none; }
}
`;
