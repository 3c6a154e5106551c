/** The reference page's only style sheet, put into the page and allowed by its hash. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1c2024, #e8eaed);
  --soft: light-dark(#5b6570, #9aa4af);
  --line: light-dark(#e2e5e9, #2c333a);
  --ground: light-dark(#ffffff, #14181c);
  --panel: light-dark(#f6f7f9, #1b2026);
  --accent: light-dark(#a84300, #ffa366);
  --get: light-dark(#0b6b3a, #5fd39a);
  --post: light-dark(#1f4fa3, #8fb8ff);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 54rem;
  font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--ground);
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 1rem; }
h3 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: .8rem; margin: 1.25rem 0 .35rem; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }
p { margin: .4rem 0; }
a { color: var(--accent); }
code, pre, kbd { font: .875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre { margin: 1rem 0; padding: .9rem 1rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 1.25rem 0; }
section.operation, section.schema { padding: 1.1rem 1.2rem; margin: 1rem 0; border: 1px solid var(--line); border-radius: 10px; }
.method { font: 700 .8rem/1 ui-monospace, Menlo, Consolas, monospace; margin-right: .5rem; }
.get { color: var(--get); }
.post { color: var(--post); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
td, th { padding: .4rem .9rem .4rem 0; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
tr:first-child > * { border-top: 0; }
td:first-child, th:first-child { white-space: nowrap; }
@media (max-width: 36rem) {
  tr, td, td:first-child { display: block; padding: 0; border: 0; white-space: normal; overflow-wrap: anywhere; }
  tr { padding: .5rem 0; border-top: 1px solid var(--line); }
  tr:first-child { border-top: 0; }
}
.type { color: var(--soft); }
form { display: flex; gap: .5rem; margin: 1.25rem 0; }
input, button { font: inherit; padding: .5rem .8rem; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); color: inherit; }
input { flex: 1; min-width: 0; }
button { background: var(--accent); border-color: transparent; color: var(--ground); cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
:target { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
`;
