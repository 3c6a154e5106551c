import { writeSync } from "node:fs";
import { execute } from "./cli/run.ts";
import { createProgram } from "./program.ts";

let isDone = false;
// A reader that goes away (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  isDone = true;
  process.exit(error.code === "EPIPE" ? 0 : 1);
});
// Code of a configuration runs in this process. A schedule must not take it for a success when that ends the process, or
// when nothing is left to wait for.
process.on("exit", (code) => {
  if (isDone || code !== 0) return;
  process.exitCode = 1;
  const message =
    "The command stopped before it was done: code of the configuration or of an embedder ended the process, or waits for something that never comes.";
  const json = process.argv.includes("--json");
  writeSync(
    json ? 1 : 2,
    json
      ? `${JSON.stringify({ error: { code: "STOPPED", message } })}\n`
      : `annoy-edge: ${message} (STOPPED)\n`,
  );
});
// Leaving through `exit` lets half-written folders be removed (build/artifact/folder.ts).
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.once(signal, () => process.exit(code));
}

const streams = { out: process.stdout, err: process.stderr };
execute(createProgram(), process.argv.slice(2), streams).then((code) => {
  isDone = true;
  // What is printed may still be on its way through a pipe; threads and sockets must not keep the process.
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
});
