/**
 * Runs a command in a process group of its own, and ends the whole group when standard input ends: when the process that
 * started this one is gone, however it went. A signal is passed on. `node guard.js <file> <arguments...>`
 */
import { spawn } from "node:child_process";

const child = spawn(process.execPath, process.argv.slice(2), {
  detached: true,
  stdio: ["ignore", "inherit", "inherit"],
});

const end = (signal) => {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
};

process.stdin.resume().once("end", () => end("SIGKILL"));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => end(signal));
child.once("error", () => process.exit(1));
child.once("exit", (code) => {
  // What the child started may outlive it.
  end("SIGKILL");
  process.exit(code ?? 1);
});
