import { markdownTable } from "./markdown.ts";
import { bestAt, speedAt } from "./measure.ts";
import { figure, megabytes, ratio, seconds } from "./numbers.ts";
import type { BenchReport, Curve, MillionReport, MillionSearch, SetResult } from "./types.ts";

const RECALLS = [0.9, 0.95, 0.99];
const COSTS = ["build, s", "index, MB", "first answer, ms", "memory, MB"];

/** The report as Markdown, to lie beside the plots. */
export function renderMarkdown(report: BenchReport): string {
  const { sets, million } = report;
  const parts = ["# Recall and speed", METHOD];
  // Machine and versions stand once where all sets have the same, which is the usual case.
  const common = sets.every((set) => settingOf(set) === settingOf(sets[0]!));
  if (common && sets[0]) parts.push(`${settingOf(sets[0])}.`);
  const [largest] = [...sets].sort((a, b) => b.count - a.count);
  const others = sets.filter((set) => set !== largest);
  if (others.length > 0) parts.push("## All sets", overview(sets), `${others.map(plotLink).join("; ")}.`);
  if (largest) parts.push(renderSet(largest, !common));
  parts.push(...singles(sets), ...promised(sets));
  if (million) parts.push(renderMillion(million, sets[0]?.machine));
  return `${parts.join("\n\n")}\n`;
}

const METHOD = `Written by \`npm run bench\`: the 10 nearest by cosine of 1,000 held-out queries. [results.json](results.json) has every setting.

- **q/s**: queries per second of CPU time of the whole process, interpolated between settings; a process a library, measured in turns
- **annoy-edge**: int8 codes with \`--rescore int4\`; **int8**: the default; **Worker**: workerd with local R2; **Annoy C++**: the best number of trees at
  each recall (in brackets), costs of the best at 0.95; **scan**: all int8 codes by WASM SIMD
- **first answer**: from bytes in memory with all checks, a build included where a library loads no index; **memory**: resident after it`;

/** The largest set with its plot and figures. The others have theirs in results.json. */
function renderSet(set: SetResult, ownSetting: boolean): string {
  const parts = [
    `## ${set.id}: ${set.title}`,
    `${set.date}, medians of ${set.rounds} rounds, load average ${set.load}${ownSetting ? `; ${settingOf(set)}` : ""}.`,
    plot(set),
  ];
  if (set.curves.some(isCurve)) parts.push(speeds(set));
  if (set.skipped.length > 0) parts.push(`Not here: ${skipped(set)}.`);
  return parts.join("\n\n");
}

function plot(set: SetResult): string {
  return `![Recall@10 against queries per second, ${set.title}](${set.id}.svg)`;
}

function plotLink({ id, title }: SetResult): string {
  return `[${id}](${id}.svg): ${title}`;
}

function familyOf({ title }: SetResult): string {
  return title.replace(/,.*/, "");
}

/** Speed of every library at one recall, and ours beside Annoy's best, by set. */
function overview(sets: readonly SetResult[]): string {
  const recall = RECALLS[1]!;
  const named = sets.flatMap(({ curves }) => curves.filter((one) => isCurve(one) && one.peer !== "annoy"));
  const labels = [...new Set(named.map(({ label }) => label))];
  const rows = sets.map((set) => [
    set.id,
    ...labels.map((label) => figure(bestAt(curvesOf(set, label), recall)?.qps)),
    figure(bestAt(annoyOf(set), recall)?.qps),
    RECALLS.map((at) => overAnnoy(set, at)).join(", "),
    ratio(overScan(set)),
  ]);
  const compared = `ours : Annoy at ${RECALLS.join(", ")}`;
  return markdownTable(
    [`q/s at recall@10 of ${recall.toFixed(2)}`, ...labels, "Annoy C++", compared, "Worker : scan"],
    rows,
  );
}

/** Speed of ours over that of Annoy's best number of trees, at a recall. */
function overAnnoy(set: SetResult, recall: number): string {
  const own = set.curves.filter(({ id }) => id === "ours-node");
  return ratio(divide(bestAt(own, recall)?.qps, bestAt(annoyOf(set), recall)?.qps));
}

/** Speed of ours in the Worker over that of an int8 scan, at the scan's recall. */
function overScan({ curves }: SetResult): number | undefined {
  const ours = curves.find(({ id }) => id === "ours-worker");
  const scan = curves.find(({ peer }) => peer === "flat-int8")?.points[0];
  return ours && scan && divide(speedAt(ours.points, scan.recall), scan.qps);
}

function curvesOf(set: SetResult, label: string): Curve[] {
  return set.curves.filter((curve) => curve.label === label);
}

function annoyOf({ curves }: SetResult): Curve[] {
  return curves.filter((curve) => isCurve(curve) && curve.peer === "annoy");
}

/** Speeds at fixed recalls and costs; Annoy's numbers of trees in one row, with how ours compares below. */
function speeds(set: SetResult): string {
  const curves = set.curves.filter(isCurve);
  const rows = curves
    .filter(({ peer }) => peer !== "annoy")
    .map((curve) => [
      curve.label,
      ...RECALLS.map((recall) => figure(speedAt(curve.points, recall))),
      ...costs(curve),
    ]);
  const bests = RECALLS.map((recall) => bestAt(annoyOf(set), recall));
  const typical = (bests[1] ?? bests[0])?.curve;
  if (typical) {
    const speed = (best: (typeof bests)[number]) =>
      best ? `${figure(best.qps)} (${/(\d+) trees$/.exec(best.curve.label)?.[1]})` : "–";
    rows.push(["Annoy C++ (trees)", ...bests.map(speed), ...costs(typical)]);
    const ours = curves.find(({ id }) => id === "ours-node")?.build;
    if (ours) {
      const isReused = typical.build.reused || ours.reused;
      rows.push([
        "**ours in Node : Annoy's best**",
        ...RECALLS.map((recall) => `**${overAnnoy(set, recall)}**`),
        ...[isReused ? "–" : ratio(ours.wall / typical.build.wall), ratio(ours.bytes / typical.build.bytes)],
        ...["", ""],
      ]);
    }
  }
  return markdownTable(["q/s at recall@10 of", ...RECALLS.map((r) => r.toFixed(2)), ...COSTS], rows);
}

/** Contenders of the Worker with one setting, each on the largest set that it ran on; ours at their recall. */
function singles(sets: readonly SetResult[]): string[] {
  const rows = new Map<string, string[]>();
  for (const set of sets) {
    const ours = set.curves.find(({ id }) => id === "ours-worker");
    if (!ours) continue;
    const most = Math.max(...ours.points.map(({ recall }) => recall));
    for (const curve of set.curves) {
      if (curve.points.length !== 1 || curve.peer === "ours") continue;
      const { recall, qps } = curve.points[0]!;
      // Against an exact scan, the most that ours reaches is as equal as it gets.
      const at = Math.min(recall, most);
      const own = speedAt(ours.points, at);
      const figures = [recall.toFixed(3), figure(qps), at.toFixed(3), figure(own), ratio(divide(own, qps))];
      rows.set(`${familyOf(set)} ${curve.label}`, [
        curve.label,
        ...figures,
        figure(curve.firstAnswerMs),
        set.id,
      ]);
    }
  }
  if (rows.size === 0) return [];
  const head = ["", "recall@10", "q/s", "ours at recall@10", "q/s", "ratio", "first answer, ms", "set"];
  return ["## One setting, in the Worker", markdownTable(head, [...rows.values()])];
}

/** Recall as certified by the build, and as found on the bench's queries, which it never saw. */
function promised(sets: readonly SetResult[]): string[] {
  const rows: string[][] = [];
  for (const { id: set, curves } of sets) {
    // The Worker answers from the same file.
    const at = curves.find(({ id }) => id === "ours-node")?.atDefault;
    if (!at) continue;
    const found = `${at.recall.toFixed(3)} ± ${at.error.toFixed(3)}`;
    rows.push([set, at.searchK.toLocaleString("en-US"), at.certified.toFixed(3), found]);
  }
  if (rows.length === 0) return [];
  return [
    "## Default effort",
    "Recall@10 at the default searchK, ± one standard error.",
    markdownTable(["set", "searchK", "certified recall", "of fresh queries"], rows),
  ];
}

function costs({ build, firstAnswerMs, memory }: Curve): string[] {
  const wall = build.reused ? "–" : seconds(build.wall);
  return [wall, megabytes(build.bytes), figure(firstAnswerMs), megabytes(Math.max(0, memory))];
}

/** Machine and versions of a run. */
function settingOf({ machine, versions }: SetResult): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${machine}; ${named.join(", ")}`;
}

/** Contenders that are missing, by reason. */
function skipped(set: SetResult): string {
  const byReason = Map.groupBy(set.skipped, ({ reason }) => reason);
  const reasons = Array.from(byReason, ([reason, list]) => {
    return `${list.map(({ label }) => label).join(", ")} (${reason})`;
  });
  return reasons.join("; ");
}

function renderMillion(million: MillionReport, machineOfSets: string | undefined): string {
  const { count, dimensions, codec, rescore, searches, certifiedSearchK } = million;
  const at = (wanted: MillionSearch["tiers"]) => {
    const one = searches.find(({ tiers, searchK }) => tiers === wanted && searchK === certifiedSearchK);
    if (!one) return "–";
    const reads = wanted === "hot" ? "" : ` and ${figure(one.reads)} ranged reads`;
    return `${one.recall.toFixed(3)} in ${figure(one.cpuMs)} ms of CPU${reads}`;
  };
  return [
    `## ${count.toLocaleString("en-US")} × ${dimensions} in one artifact`,
    `\`npm run bench -- --million\`, ${million.date}, load average ${million.load}${million.machine === machineOfSets ? "" : `; ${million.machine}`}: clustered vectors, codec ${codec}, rescore ${rescore}, built in ${figure(million.buildSeconds)} s, hot part ${megabytes(million.hotBytes)} MB of ${megabytes(million.fileBytes)} MB, opened in ${figure(million.openMs)} ms. Fresh queries at the certified searchK, ${certifiedSearchK.toLocaleString("en-US")} (recall@10 ${million.certifiedRecall.toFixed(3)}): ${at("hot and cold")}; by the hot part alone ${at("hot")}.`,
  ].join("\n\n");
}

function isCurve(curve: Curve): boolean {
  return curve.points.length > 1;
}

function divide(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}
