import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { residentBytes } from "./cpu.ts";
import type { Contender, DataSet, Session } from "./types.ts";

const run = promisify(execFile);

export interface ProcessOptions
  extends Pick<Contender, "id" | "peer" | "label" | "note" | "settings" | "certified"> {
  /** Installs or compiles what is needed. Returns a program and its first arguments. @throws PeerUnavailable */
  readonly program: () => Promise<readonly string[]>;
}

/**
 * A library in processes of its own, whose program is given `build` or `serve`, the file of the data set, its vectors,
 * dimensions and queries, and the file of the index. `build` prints seconds of CPU and of the clock. `serve` prints the
 * milliseconds to its first answer, and the bytes that it held before it opened the index. Then it answers each line
 * `<setting> <from> <count>` with a line of seconds of CPU and of the clock, and a line of items, ten a query, -1 where
 * there are fewer.
 */
export function processContender({ program, ...about }: ProcessOptions): Contender {
  let [command, ...first]: readonly string[] = [];
  const argumentsFor = (verb: string, set: DataSet, folder: string): string[] => {
    const numbers = [set.count, set.dimensions, set.nQueries].map(String);
    return [...first, verb, set.file, ...numbers, join(folder, "index")];
  };
  return {
    ...about,
    buildId: about.id,
    declines: () => undefined,
    async prepare() {
      [command, ...first] = await program();
    },
    async build(set, folder) {
      const { stdout } = await run(command!, argumentsFor("build", set, folder));
      const [cpu, wall] = numbersOf(stdout);
      return { cpu: cpu!, wall: wall!, bytes: (await stat(join(folder, "index"))).size };
    },
    open: (set, folder) => openProcess(command!, argumentsFor("serve", set, folder)),
  };
}

async function openProcess(command: string, args: readonly string[]): Promise<Session> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The process of ${command} ended early.`);
    return numbersOf(value);
  };
  const [firstAnswerMs, before] = await next();
  return {
    firstAnswerMs: firstAnswerMs!,
    async ask(setting, from, count) {
      child.stdin.write(`${setting} ${from} ${count}\n`);
      const [cpu, wall] = await next();
      return { cpu: cpu!, wall: wall!, items: await next() };
    },
    memory: () => residentBytes(child.pid!) - before!,
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

function numbersOf(line: string): number[] {
  return line.trim().split(" ").map(Number);
}
