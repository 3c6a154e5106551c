import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

/** Root of the project. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Folder of what measurements fetch and build, kept between runs. */
export const CACHE = join(ROOT, ".bench");

/** A measurement that is started as `npm run <name>`. */
export function tool(name: string, description: string): Command {
  return new Command(`npm run ${name} --`).description(description);
}

/** Writes a line for people while something is measured. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints what was measured: an object as JSON, or a text. */
export function print(result: object | string): void {
  process.stdout.write(`${typeof result === "string" ? result : JSON.stringify(result)}\n`);
}

/** Passes each phase of a build on once. */
export function phases(onPhase: (phase: string) => void): (progress: { readonly phase: string }) => void {
  let last = "";
  return ({ phase }) => {
    if (phase !== last) onPhase(phase);
    last = phase;
  };
}
