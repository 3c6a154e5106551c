import { round } from "../../build/numeric/statistics.ts";
import { bestAt } from "./measure.ts";
import type { Curve, SetResult } from "./types.ts";

const WIDTH = 900;
const HEIGHT = 520;
const LEFT = 64;
const RIGHT = 240;
const TOP = 56;
const BOTTOM = 52;
const LINE = 17;
const LEAST = 0.7;
const MOST = 0.999;
const ENVELOPE_STEPS = 80;
const X_TICKS = [0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

/** Greys and hues of middling lightness: legible on white and on black alike. */
const INK = "#7a828c";
const GRID = "#8a929c";
const COLOURS: Readonly<Record<string, string>> = {
  "ours-node": "#2f81f7",
  "ours-int8": "#6e9ef0",
  "ours-worker": "#12a594",
  annoy: "#e0612b",
  hnswlib: "#8e6fe0",
  usearch: "#c9518f",
  "flat-int8": "#7f8f2a",
  "flat-float32": "#a87a3d",
};

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly strong: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Recall@10 (x, spread towards 1) against queries per second (y, logarithmic), as SVG with direct labels. */
export function renderPlot(set: SetResult): string {
  const lines = linesOf(set);
  const ys = lines.flatMap(({ points }) => points.map((p) => p.y));
  const low = Math.floor(Math.log10(Math.min(...ys)) * 2) / 2;
  const high = Math.ceil(Math.log10(Math.max(...ys)) * 2) / 2;
  const x = (recall: number) => LEFT + (spread(recall) / spread(MOST)) * (WIDTH - LEFT - RIGHT);
  const y = (qps: number) => TOP + ((high - Math.log10(qps)) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const right = WIDTH - RIGHT;
  const body: string[] = [];
  // Drawn last, so that no curve crosses them out.
  const points: string[] = [];
  for (const tick of X_TICKS) {
    body.push(rule(x(tick), TOP, x(tick), HEIGHT - BOTTOM));
    body.push(text(x(tick), HEIGHT - BOTTOM + 20, String(tick), INK, { anchor: "middle" }));
  }
  for (let e = Math.floor(low); e <= high; e++) {
    for (const m of [1, 2, 5]) {
      const value = m * 10 ** e;
      if (Math.log10(value) < low - 1e-9 || Math.log10(value) > high + 1e-9) continue;
      body.push(rule(LEFT, y(value), right, y(value), m === 1 ? 0.5 : 0.22));
      body.push(text(LEFT - 8, y(value) + 4, value.toLocaleString("en-US"), INK, { anchor: "end" }));
    }
  }
  body.push(text(LEFT, 22, `${set.title}, cosine`, INK, { size: 16, weight: 600 }));
  body.push(text(LEFT, 42, "queries per second of CPU time, one thread; up and to the right is better", INK));
  body.push(text((LEFT + right) / 2, HEIGHT - 10, "recall@10", INK, { anchor: "middle" }));
  const labels: { text: string; colour: string; fromX: number; fromY: number; y: number; strong: boolean }[] =
    [];
  for (const { label, colour, strong, points: line } of lines) {
    const at = line.map((p) => ({ x: x(p.x), y: y(p.y) }));
    const last = at.at(-1)!;
    if (at.length === 1) {
      points.push(`<circle cx="${round(last.x, 1)}" cy="${round(last.y, 1)}" r="5" fill="${colour}"/>`);
      if (last.x < right - 200) {
        const left = last.x > LEFT + 200;
        const beside = text(last.x + (left ? -10 : 10), last.y + 4, label, colour, {
          anchor: left ? "end" : "start",
        });
        points.push(`<g class="point">${beside}</g>`);
        continue;
      }
    } else {
      const path = at.map((p) => `${round(p.x, 1)},${round(p.y, 1)}`).join(" ");
      const width = strong ? 3 : 2;
      body.push(
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"/>`,
      );
    }
    labels.push({ text: label, colour, fromX: last.x, fromY: last.y, y: last.y, strong });
  }
  spaceOut(labels);
  for (const l of labels) {
    body.push(
      `<path d="M${round(l.fromX + 5, 1)},${round(l.fromY, 1)} L${right + 8},${round(l.y, 1)}" stroke="${l.colour}" stroke-width="1" stroke-opacity="0.45" fill="none"/>`,
    );
    body.push(text(right + 12, l.y + 4, l.text, l.colour, { weight: l.strong ? 600 : 400 }));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" role="img" aria-label="${escapeText(`Recall at 10 against queries per second, ${set.title}`)}">
<style>.point{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}@media(prefers-color-scheme:dark){.point{stroke:#0d1117}}</style>
${[...body, ...points].join("\n")}
</svg>
`;
}

/** One line a contender, but one for all of Annoy's numbers of trees: the best that any of them does. */
function linesOf(set: SetResult): Line[] {
  const annoy = set.curves.filter(({ peer }) => peer === "annoy");
  const others = set.curves.filter(({ peer }) => peer !== "annoy");
  const lines = others.map((curve, i) =>
    lineOf(curve.label, colourOf(curve, i), curve.peer === "ours", curve),
  );
  if (annoy.length > 0) lines.push(envelopeOf("C++ Annoy, 10 to 100 trees", COLOURS.annoy!, annoy));
  return lines.filter(({ points }) => points.length > 0);
}

function lineOf(label: string, colour: string, strong: boolean, curve: Curve): Line {
  const all = curve.points.filter(({ recall }) => recall >= LEAST);
  const best = all.filter((p) => !all.some((q) => q.recall >= p.recall && q.qps > p.qps));
  const points = best
    .map(({ recall, qps }) => ({ x: Math.min(recall, MOST), y: qps }))
    .sort((a, b) => a.x - b.x || b.y - a.y)
    // What finds all but everything shares the edge of the plot: the fastest stands for it.
    .filter((point, i, sorted) => i === 0 || point.x > sorted[i - 1]!.x);
  return { label, colour, strong, points };
}

/** The fastest of some curves at every recall that one of them reaches. */
function envelopeOf(label: string, colour: string, curves: readonly Curve[]): Line {
  const points: { x: number; y: number }[] = [];
  const least = Math.min(...curves.flatMap((curve) => curve.points.map((point) => point.recall)));
  for (let step = 0; step <= ENVELOPE_STEPS; step++) {
    const recall = 1 - (1 - LEAST) * ((1 - MOST) / (1 - LEAST)) ** (step / ENVELOPE_STEPS);
    if (recall < least) continue;
    const best = bestAt(curves, recall);
    if (best) points.push({ x: recall, y: best.qps });
  }
  return { label, colour, strong: true, points };
}

function colourOf({ id, peer }: Curve, i: number): string {
  return COLOURS[id] ?? COLOURS[peer] ?? ["#8a8f98", "#b08a1e", "#5f9ea0", "#a0688a"][i % 4]!;
}

/** Distance from {@link LEAST} on a scale of the logarithm of what is missed. */
function spread(recall: number): number {
  return Math.log((1 - LEAST) / (1 - recall));
}

/** Moves labels apart, keeping their order and staying inside the plot. */
function spaceOut(labels: { y: number }[]): void {
  labels.sort((a, b) => a.y - b.y);
  for (let i = 1; i < labels.length; i++) labels[i]!.y = Math.max(labels[i]!.y, labels[i - 1]!.y + LINE);
  let limit = HEIGHT - BOTTOM;
  for (let i = labels.length - 1; i >= 0; i--) {
    labels[i]!.y = Math.min(labels[i]!.y, limit);
    limit = labels[i]!.y - LINE;
  }
}

function rule(x1: number, y1: number, x2: number, y2: number, opacity = 0.3): string {
  return `<line x1="${round(x1, 1)}" y1="${round(y1, 1)}" x2="${round(x2, 1)}" y2="${round(y2, 1)}" stroke="${GRID}" stroke-opacity="${opacity}"/>`;
}

interface TextStyle {
  readonly anchor?: "start" | "middle" | "end";
  /** Pixels. */
  readonly size?: number;
  readonly weight?: number;
}

function text(
  x: number,
  y: number,
  content: string,
  colour: string,
  { anchor = "start", size = 13, weight = 400 }: TextStyle = {},
): string {
  return `<text x="${round(x, 1)}" y="${round(y, 1)}" fill="${colour}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}">${escapeText(content)}</text>`;
}

function escapeText(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
