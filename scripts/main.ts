import { execute } from "./cli/run.ts";
import { createProgram } from "./program.ts";

// A reader that goes away (`| head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
// Leaving through `exit` lets half-written folders be removed (build/artifact/folder.ts).
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.once(signal, () => process.exit(code));
}

const code = await execute(createProgram(), process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
});
// What is printed may still be on its way through a pipe; threads and sockets must not keep the process.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
