import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { EXIT, wholeNumber } from "../cli/run.ts";
import { buildDemo, publishLocally } from "../demo/index.ts";
import { type LoadReport, type LoadResult, measureLoad } from "./index.ts";

/** `npm run load`: searches of the demo's index under load beside a bare Hono route; builds and publishes it when need be. */
const { url, json, ...load } = new Command("npm run load --")
  .description(
    "Measures searches of the demo's index under load, beside a bare Hono route on the same workerd.",
  )
  .option("--connections <n>", "requests at a time", wholeNumber(1), 64)
  .option("--seconds <n>", "seconds of each measurement", wholeNumber(1), 60)
  .option("-k, --k <n>", "hits a search", wholeNumber(1), 10)
  .option("--url <url>", "a Worker that runs already, such as http://localhost:8787")
  .option("--json", "print one JSON object")
  .parse()
  .opts<{ connections: number; seconds: number; k: number; url?: string; json?: boolean }>();

function row(name: string, result: LoadResult): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(11);
  const { perSecond, p50, p90, p99, max, requests, errors } = result;
  return `${name.padEnd(16)}${perSecond.toFixed(0).padStart(8)}${ms(p50)}${ms(p90)}${ms(p99)}${ms(max)}${String(requests).padStart(10)}${String(errors).padStart(8)}`;
}

function print(report: LoadReport): void {
  const { index, version, items, connections, search, bare } = report;
  const head = ["req/s", "p50", "p90", "p99", "max", "requests", "errors"];
  const widths = [8, 11, 11, 11, 11, 10, 8];
  process.stdout.write(
    [
      `index ${index}, version ${version}, ${items} items; ${connections} connections, ${search.seconds.toFixed(0)} s each`,
      `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}; client and server share them`,
      "",
      `${"".padEnd(16)}${head.map((name, i) => name.padStart(widths[i] ?? 0)).join("")}`,
      row("search by text", search),
      row("bare Hono route", bare),
      `searches reach ${((100 * search.perSecond) / bare.perSecond).toFixed(0)}% of the bare route's requests a second`,
      "",
    ].join("\n"),
  );
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
if (url === undefined) {
  process.stderr.write("building and publishing the demo's index, unless it is there\n");
  const { dir } = await buildDemo({ root });
  await publishLocally(dir, { root });
}
const report = await measureLoad({
  ...{ root, url, ...load },
  onPhase: (name) => process.stderr.write(`measuring: ${name}\n`),
});
if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
else print(report);
process.exitCode = report.search.errors + report.bare.errors > 0 ? EXIT.failed : EXIT.done;
