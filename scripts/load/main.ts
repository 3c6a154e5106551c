import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EXIT } from "../cli/run.ts";
import { buildDemo, publishLocally } from "../demo/index.ts";
import { type LoadReport, type LoadResult, measureLoad } from "./index.ts";

/** `npm run load`: searches of the demo's index under load beside a bare Hono route; builds and publishes it when need be. */

const HELP = `usage: npm run load -- [--connections 64] [--seconds 60] [-k 10] [--url http://localhost:8787] [--json]`;

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "64" },
    seconds: { type: "string", default: "60" },
    k: { type: "string", short: "k", default: "10" },
    url: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function positive(name: "connections" | "seconds" | "k"): number {
  const value = Number(values[name]);
  if (value > 0 && Number.isFinite(value)) return value;
  process.stderr.write(`--${name} is ${values[name]}; a positive number is needed.\n${HELP}\n`);
  process.exit(EXIT.usage);
}

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

if (values.help) {
  process.stdout.write(`${HELP}\n`);
} else {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  if (values.url === undefined) {
    process.stderr.write("building and publishing the demo's index, unless it is there\n");
    const { dir } = await buildDemo({ root });
    await publishLocally(dir, { root });
  }
  const report = await measureLoad({
    root,
    url: values.url,
    connections: positive("connections"),
    seconds: positive("seconds"),
    k: positive("k"),
    onPhase: (name) => process.stderr.write(`measuring: ${name}\n`),
  });
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else print(report);
  process.exitCode = report.search.errors + report.bare.errors > 0 ? EXIT.failed : EXIT.done;
}
