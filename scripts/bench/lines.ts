import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { residentBytes } from "./cpu.ts";
import type { DataSet, Session } from "./types.ts";

/**
 * Starts a process that opens an index and prints the milliseconds to its first answer; then answers each line
 * `ask <setting> <from> <count>` with a line of the CPU and clock seconds taken, and a line of items.
 */
export async function openLines(set: DataSet, command: string, args: readonly string[]): Promise<Session> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The process of ${command} ended early.`);
    return value;
  };
  const firstAnswerMs = Number(await next());
  // Before it opens the index it holds next to nothing but the queries.
  const before = set.nQueries * set.dimensions * 4;
  return {
    firstAnswerMs,
    async ask(setting, from, count) {
      child.stdin.write(`ask ${setting} ${from} ${count}\n`);
      const [cpu, wall] = (await next()).split(" ").map(Number);
      return { cpu: cpu!, wall: wall!, items: (await next()).split(" ").map(Number) };
    },
    memory: async () => residentBytes(child.pid!) - before,
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
