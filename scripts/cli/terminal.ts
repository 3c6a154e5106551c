import type { Progress } from "../../build/settings/progress.ts";

/** Receiver of progress and notes; stdout stays free for the result. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressView {
  readonly update: (progress: Progress) => void;
  /** Clears a bar that is still drawn, so that what is printed next starts on a line of its own. */
  readonly end: () => void;
}

const BAR = 24;
const REDRAW_MS = 80;
const PLAIN_MS = 5000;
const QUICK_MS = 500;

/**
 * Shows progress: on a terminal one line that is redrawn, with a bar and the time left; otherwise a plain line when a
 * phase has taken half a second, every five seconds, and when it ends.
 */
export function progressView(stream: ProgressStream, now: () => number = Date.now): ProgressView {
  let phase = "";
  let began = 0;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  let over = false;

  const erase = () => {
    if (drawn) stream.write("\r\u001b[K");
    drawn = false;
  };
  return {
    update(progress) {
      const time = now();
      if (progress.phase !== phase) {
        phase = progress.phase;
        began = time;
        last = Number.NEGATIVE_INFINITY;
        over = false;
      }
      const finished = progress.total > 0 && progress.done >= progress.total;
      // An end that is reported twice is shown once.
      if (finished && over) return;
      over = finished;
      if (stream.isTTY) {
        if (!finished && time - last < REDRAW_MS) return;
        last = time;
        // Some terminals say 0.
        const line = barLine(progress, time - began).slice(0, (stream.columns || 80) - 1);
        stream.write(`\r\u001b[K${line}${finished ? "\n" : ""}`);
        drawn = !finished;
      } else {
        if (!finished && time - last < PLAIN_MS) return;
        // A phase that is over at once has nothing to say.
        if (finished && time - began < QUICK_MS) return;
        if (!finished && last === Number.NEGATIVE_INFINITY) {
          last = time - PLAIN_MS + QUICK_MS;
          return;
        }
        last = time;
        stream.write(`${plainLine(progress, time - began)}\n`);
      }
    },
    end: erase,
  };
}

function barLine({ phase, done, total }: Progress, elapsed: number): string {
  const name = phase.padEnd(8);
  if (total <= 0) return `${name} ${count(done)}`;
  const part = Math.min(1, done / total);
  const full = Math.round(part * BAR);
  const bar = `${"█".repeat(full)}${"░".repeat(BAR - full)}`;
  return `${name} ${bar} ${String(Math.floor(part * 100)).padStart(3)}%  ${count(done)} of ${count(total)}  ${timing(part, elapsed)}`;
}

function plainLine({ phase, done, total }: Progress, elapsed: number): string {
  if (total <= 0) return `${phase}: ${count(done)}`;
  const part = Math.min(1, done / total);
  return `${phase}: ${count(done)} of ${count(total)} (${Math.floor(part * 100)}%), ${timing(part, elapsed)}`;
}

function timing(part: number, elapsed: number): string {
  if (part >= 1) return duration(elapsed);
  // The first second extrapolates badly.
  if (part === 0 || elapsed < 1000) return "…";
  return `${duration((elapsed * (1 - part)) / part)} left`;
}

/** Milliseconds as people read them: `0.4 s`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return `${Math.floor(seconds / 60)} min${rest ? ` ${rest} s` : ""}`;
}

/** Text without control characters but line breaks and tabs: what stands in documents must not steer a terminal. */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, "\ufffd");
}

/** A whole number with thousands separated, the same on every machine, with a noun that takes its number: `1 page`, `2 pages`. */
export function count(n: number, noun?: string): string {
  const number = Math.round(n).toLocaleString("en-US");
  if (noun === undefined) return number;
  return `${number} ${n === 1 ? noun : `${noun}s`}`;
}

/** Bytes as people read them, in powers of 1000 as storage is sold: `812 B`, `7.6 MB`. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  for (const [unit, size] of [
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ] as const) {
    if (n >= size) return `${(n / size).toFixed(n < size * 10 ? 2 : 1)} ${unit}`;
  }
  return `${n} B`;
}
