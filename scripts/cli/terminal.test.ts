import { expect, test } from "vitest";
import { bytes, count, duration, progressView } from "./terminal.ts";

/** A stream and a clock that the test moves. */
function watch(isTTY: boolean, columns = 80) {
  let time = 0;
  let text = "";
  const stream = { isTTY, columns, write: (more: string) => (text += more) };
  const view = progressView(stream, () => time);
  return {
    at(seconds: number, done: number, total: number, phase = "embed") {
      time = seconds * 1000;
      view.update({ phase, done, total });
    },
    end: view.end,
    text: () => text,
  };
}

test("without a terminal a phase is told in plain lines, every five seconds and at its end", () => {
  const progress = watch(false);
  for (let second = 0; second <= 12; second++) progress.at(second, second * 10, 120);
  progress.at(12, 120, 120);
  expect(progress.text()).toBe(
    [
      "embed: 10 of 120 (8%), 11 s left",
      "embed: 60 of 120 (50%), 6.0 s left",
      "embed: 110 of 120 (91%), 1.0 s left",
      "embed: 120 of 120 (100%), 12 s",
      "",
    ].join("\n"),
  );
});

test("without a terminal a phase that is over at once says nothing", () => {
  const progress = watch(false);
  progress.at(0, 1, 2);
  progress.at(0.1, 2, 2);
  progress.end();
  expect(progress.text()).toBe("");
});

test("a terminal that does not say how wide it is gets whole lines", () => {
  const progress = watch(true, 0);
  progress.at(0, 1024, 0, "read");
  expect(progress.text()).toBe("\r\u001b[Kread     1,024");
});

test("on a terminal one line is redrawn, with a bar and the time left, and kept at the end", () => {
  const progress = watch(true);
  progress.at(0, 0, 100);
  progress.at(2, 50, 100);
  progress.at(2.01, 51, 100);
  progress.at(4, 100, 100);
  const lines = progress.text().split("\r\u001b[K");
  expect(lines.slice(1)).toEqual([
    `embed    ${"░".repeat(24)}   0%  0 of 100  …`,
    `embed    ${"█".repeat(12)}${"░".repeat(12)}  50%  50 of 100  2.0 s left`,
    `embed    ${"█".repeat(24)} 100%  100 of 100  4.0 s\n`,
  ]);
});

test("on a terminal an unfinished bar is cleared before anything else is printed", () => {
  const progress = watch(true);
  progress.at(0, 5, 0, "read");
  progress.end();
  expect(progress.text()).toBe("\r\u001b[Kread     5\r\u001b[K");
});

test("a line is never longer than the terminal is wide", () => {
  const progress = watch(true);
  progress.at(0, 123_456_789, 987_654_321, "a phase with a very long name that somebody gave it once");
  expect(progress.text().replace("\r\u001b[K", "").length).toBeLessThan(80);
});

test("numbers read well", () => {
  expect([count(0, "page"), count(1, "page"), count(1_200, "page")]).toEqual([
    "0 pages",
    "1 page",
    "1,200 pages",
  ]);
  expect([count(117_791), duration(400), duration(59_600), duration(200_000)]).toEqual([
    "117,791",
    "0.4 s",
    "1 min",
    "3 min 20 s",
  ]);
  expect([bytes(812), bytes(7_602_784), bytes(45_000_000), bytes(1_200_000_000)]).toEqual([
    "812 B",
    "7.60 MB",
    "45.0 MB",
    "1.20 GB",
  ]);
});
