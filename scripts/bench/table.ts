import { bestAt, speedAt } from "./measure.ts";
import { figure, megabytes, ratio, seconds } from "./numbers.ts";
import type { BenchReport, Curve, MillionReport, SetResult } from "./types.ts";

const RECALLS = [0.9, 0.95, 0.99];

/** The report as Markdown, to lie beside the plots. */
export function renderMarkdown(report: BenchReport): string {
  const parts = ["# Recall and speed", "Written by `npm run bench`.", METHOD, ...report.sets.map(renderSet)];
  if (report.million) parts.push(renderMillion(report.million));
  return `${parts.join("\n\n")}\n`;
}

const METHOD = `Everyone holds the same vectors of unit length in a process of its own, and answers the same 1,000 held-out
queries for the 10 nearest by cosine. Recall is against an exact search; an answer as near as the tenth counts. Speed is
queries per second of CPU time, of all threads of the process: one query after another, nothing batched. All processes are
up at once and take turns, a short round each, back and forth, so that whatever disturbs the machine disturbs all of them.
Between two settings speed is interpolated, its logarithm over the logarithm of 1 − recall. In the Worker means inside
workerd, from an index in local R2. First answer is the time from the index's bytes in memory (for native libraries: in the
system's file cache) to the first answer, with all checks; libraries that cannot load an index in a Worker build theirs in
that time. Memory is what the process has resident after the first answer beyond what it had before it opened the index, garbage
included. With nothing asked for, every query is answered once with the default searchK that the build chose and certified on
vectors it held out; ± is one standard error of the bench's own queries.`;

function renderSet(set: SetResult): string {
  const parts = [
    `## ${set.title}`,
    `${set.date}, medians of ${set.rounds} rounds; ${set.machine}, load average ${set.load} at the start; ${versionsOf(set)}.`,
    `![Recall@10 against queries per second, ${set.title}](${set.id}.svg)`,
    ...(set.curves.some(isCurve) ? [speeds(set)] : []),
  ];
  const points = equalRecall(set);
  if (points) parts.push(points);
  const promises = promised(set);
  if (promises) parts.push(promises);
  parts.push(costs(set));
  if (set.skipped.length > 0) {
    parts.push(`Not here: ${set.skipped.map(({ label, reason }) => `${label} (${reason})`).join(", ")}.`);
  }
  return parts.join("\n\n");
}

/** Speeds at fixed recalls, with Annoy's best number of trees and how ours compares. */
function speeds(set: SetResult): string {
  const rows = [...set.curves.filter(isCurve)].map((curve) => [
    curve.label,
    ...RECALLS.map((recall) => figure(speedAt(curve.points, recall))),
  ]);
  const annoy = set.curves.filter(({ peer }) => peer === "annoy");
  const ours = set.curves.filter(({ id }) => id === "ours-node");
  if (ours.length > 0 && annoy.length > 0) {
    const compare = (cell: (annoys: Best, own: Best) => string) =>
      RECALLS.map((recall) => {
        const theirs = bestAt(annoy, recall);
        const own = bestAt(ours, recall);
        return theirs && own ? cell(theirs, own) : "–";
      });
    rows.push(["**Annoy's best**", ...compare((a) => `${figure(a.qps)} (${treesOf(a.curve)})`)]);
    rows.push(["**ours in Node : Annoy's best**", ...compare((a, o) => `**${ratio(o.qps / a.qps)}**`)]);
    rows.push([
      "bytes, Annoy's : ours",
      ...compare((a, o) => ratio(a.curve.build.bytes / o.curve.build.bytes)),
    ]);
    rows.push([
      "build time, Annoy's on one thread : ours on all",
      ...compare(({ curve: { build: theirs } }, { curve: { build: own } }) =>
        theirs.reused || own.reused ? "–" : ratio(theirs.wall / own.wall),
      ),
    ]);
    rows.push([
      "build CPU, Annoy's : ours with certification",
      ...compare((a, o) => ratio(a.curve.build.cpu / o.curve.build.cpu)),
    ]);
  }
  return table(["queries per second at recall@10 of", ...RECALLS.map((r) => r.toFixed(2))], rows);
}

/** Contenders with one point only: ours at their recall. */
function equalRecall(set: SetResult): string | undefined {
  const ours = set.curves.find(({ id }) => id === "ours-worker");
  const singles = set.curves.filter((curve) => curve.points.length === 1 && curve.peer !== "ours");
  if (!ours || singles.length === 0) return undefined;
  const most = Math.max(...ours.points.map(({ recall }) => recall));
  const rows = singles.map((curve) => {
    const { recall, qps } = curve.points[0]!;
    // Against an exact scan, the most that ours reaches is as equal as it gets.
    const at = Math.min(recall, most);
    const own = speedAt(ours.points, at);
    return [curve.label, recall.toFixed(3), figure(qps), at.toFixed(3), figure(own), ratio(divide(own, qps))];
  });
  return table(["in the Worker", "recall@10", "q/s", "annoy-edge at recall@10 of", "q/s", "ratio"], rows);
}

/** Recall as certified by the build, and as found on the bench's queries, which it never saw. */
function promised(set: SetResult): string | undefined {
  const rows = set.curves.flatMap(({ label, atDefault: at }) =>
    at
      ? [
          [
            label,
            at.searchK.toLocaleString("en-US"),
            at.certified.toFixed(3),
            `${at.recall.toFixed(3)} ± ${at.error.toFixed(3)}`,
          ],
        ]
      : [],
  );
  if (rows.length === 0) return undefined;
  return table(["with nothing asked for", "searchK", "certified recall@10", "of fresh queries"], rows);
}

type Best = NonNullable<ReturnType<typeof bestAt>>;

function costs(set: SetResult): string {
  const rows = set.curves.map(({ label, build, firstAnswerMs, memory, note }) => [
    label,
    build.reused ? "–" : seconds(build.wall),
    seconds(build.cpu),
    megabytes(build.bytes),
    figure(firstAnswerMs),
    megabytes(Math.max(0, memory)),
    note,
  ]);
  return table(["", "build, s", "build CPU, s", "index, MB", "first answer, ms", "memory, MB", "how"], rows);
}

function versionsOf({ versions }: SetResult): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}

function renderMillion(million: MillionReport): string {
  const { count, dimensions, codec, rescore } = million;
  const paragraphs = [
    `## ${count.toLocaleString("en-US")} × ${dimensions} in one artifact`,
    `\`npm run bench -- --million\`, ${million.date}, load average ${million.load}; ${million.machine}.`,
    `The vectors: ${million.recipe}.`,
    `Codec ${codec}, cold tier ${rescore}. Built in ${figure(million.buildSeconds)} s. Resident (hot) part
${megabytes(million.hotBytes)} MB, file ${megabytes(million.fileBytes)} MB. Certified recall@10
${million.certifiedRecall.toFixed(3)} at searchK ${million.certifiedSearchK.toLocaleString("en-US")}; opened with all checks in
${figure(million.openMs)} ms. Queries that the build never saw, CPU time on one thread:`,
    table(
      ["looks at", "searchK", "recall@10", "CPU a query, ms", "ranged reads a query"],
      million.searches.map((s) => [
        s.tiers,
        figure(s.searchK),
        s.recall.toFixed(3),
        figure(s.cpuMs),
        figure(s.reads),
      ]),
    ),
  ];
  return paragraphs.join("\n\n");
}

function isCurve(curve: Curve): boolean {
  return curve.points.length > 1;
}

function treesOf(curve: Curve): string {
  return curve.label.replace(/^.*, /, "");
}

function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

/** The first column is text, the last too when it has no figures; the others are numbers. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const isText = (column: number) => column === 0 || rows.some((row) => (row[column]?.length ?? 0) > 24);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (isText(i) ? "---" : "--:"))), ...rows.map(line)].join("\n");
}
