import { load, machine, ownVersion, today } from "../../machine.ts";
import { markdownTable } from "../../markdown.ts";
import { PACKAGES } from "../../packages.ts";
import type { FirstAnswer, Found } from "./measure.ts";

/** Figures of one side; `found` by list of queries. */
export interface Measured {
  readonly name: string;
  readonly first: FirstAnswer;
  readonly found: Readonly<Record<string, Found>>;
}

/** Renders docs/bench/pagefind.md. @param cold milliseconds of our first answer after a start of the Worker */
export function render(measured: readonly Measured[], cold: number, embedder: string): string {
  const head = ["", ...measured.map(({ name }) => name)];
  const row = (what: string, value: (one: FirstAnswer) => string) => [
    ...[what, ...measured.map(({ first }) => value(first))],
  ];
  const lists = Object.keys(measured[0]!.found);
  return `${[
    "# Beside Pagefind",
    `Written by \`npm run bench:pagefind\`, ${today()}: Git's documentation (git-doc, 242 files) in Chromium, by \`<annoy-search>\` (annoy-edge ${ownVersion()}, embedder \`${embedder}\`, local workerd) and by Pagefind's UI ${PACKAGES.pagefind} (\`--force-language en\`, without its web worker, whose requests cannot be slowed down). ${machine()}; load average ${load()}.`,
    "## Until the first answer",
    'Chromium\'s "Slow 4G" (180 kB a second, 562.5 ms before each answer), gzip; medians of 5; bytes with headers, without the page itself.',
    markdownTable(head, [
      row("requests", ({ requests }) => String(requests)),
      row("of them after typing", ({ askedRequests }) => String(askedRequests)),
      row("bytes", ({ bytes }) => kilobytes(bytes)),
      row("of them after typing", ({ askedBytes }) => kilobytes(askedBytes)),
      row("page opened, query typed, first result", ({ opened }) => seconds(opened)),
      ["the same, the Worker just started", seconds(cold), "–"],
      row("the same on a second visit", ({ again }) => seconds(again)),
      row("another query on the same page", ({ next }) => seconds(next)),
    ]),
    "## Answers",
    "Queries whose page is first, and among the first five; [the queries](../../scripts/bench/site/beside/questions.ts) were written before either search was asked.",
    markdownTable(
      head,
      lists.map((list) => [list, ...measured.map(({ found }) => describe(found[list]!))]),
    ),
    "## What Pagefind does better",
    "It needs no server, nothing typed leaves the browser, and visited parts of the index are found offline. Another query on the same page often asks no server. Its index is built in seconds.",
  ].join("\n\n")}\n`;
}

function describe({ first, five, none }: Found): string {
  return `${first} first, ${five} among five${none > 0 ? `, ${none} show nothing` : ""}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
