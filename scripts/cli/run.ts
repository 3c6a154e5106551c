import { Command, CommanderError, InvalidArgumentError } from "commander";
import { AnnoyEdgeError, SearchError } from "../../build/index.ts";
import type { Progress } from "../../build/settings/progress.ts";
import { parseJson } from "../../worker/core/format/integers.ts";
import { type ProgressStream, printable, progressView } from "./terminal.ts";

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Output of a command: `result` for `--json`, `text` for people. */
export interface Outcome {
  readonly result: object;
  readonly text: string;
  /** The command ran to its end and the answer is no: exit code 1. */
  readonly failed?: boolean;
}

export interface CommandContext {
  readonly onProgress: (progress: Progress) => void;
  /** A line for people while the command runs; to stderr. */
  readonly note: (line: string) => void;
}

/** Streams that a command writes to: the process's own, or those of a test. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: ProgressStream;
}

/** A command that prints nothing and exits nowhere by itself: {@link execute} does both. */
export function newCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride()
    .helpOption("-h, --help", "show this help")
    .allowExcessArguments(false);
}

/** A command that does something: has `--json`, examples in its help, and one function that does the work. */
export function leafCommand(
  parent: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  const command = newCommand(name, description);
  const lines = examples.map((example) => `  $ annoy-edge ${example}`);
  command.addHelpText("after", `\n${examples.length > 1 ? "Examples" : "Example"}:\n${lines.join("\n")}`);
  parent.addCommand(command);
  return command;
}

/** Function of a command, given its options (as declared on the command, without `json`) and its arguments. */
export type Work<Flags> = (
  context: CommandContext,
  flags: Flags,
  args: readonly (string | undefined)[],
) => Promise<Outcome>;

const works = new WeakMap<Command, (context: CommandContext, command: Command) => Promise<Outcome>>();

/** Sets what a command does. `--json` is added last, so that it ends the list of options. */
export function perform<Flags extends object>(command: Command, work: Work<Flags>): void {
  command.option("--json", "print one JSON object and nothing else on stdout");
  works.set(command, (context, parsed) => {
    const { json: _, ...flags } = parsed.opts();
    // The options declared on the command give the flags their types; commander cannot say so.
    return work(context, flags as Flags, parsed.processedArgs);
  });
  // Commander only finds the command; execute() runs it.
  command.action(() => {});
}

/** Parses arguments, runs the command, prints, and returns the exit code. Never throws. */
export async function execute(program: Command, args: readonly string[], streams: Streams): Promise<number> {
  const json = args.includes("--json");
  redirect(program, streams);
  const view = progressView(streams.err);
  let chosen: Command | undefined;
  program.hook("preAction", (_, command) => {
    chosen = command;
  });
  try {
    await program.parseAsync(args, { from: "user" });
    const work = chosen && works.get(chosen);
    if (!chosen || !work) throw new CommanderError(EXIT.usage, "annoy-edge.noCommand", "no command given");
    const outcome = await work(
      {
        onProgress: view.update,
        note: (line) => {
          view.end();
          streams.err.write(`${printable(line)}\n`);
        },
      },
      chosen,
    );
    view.end();
    streams.out.write(
      json ? `${JSON.stringify(outcome.result)}\n` : outcome.text ? `${printable(outcome.text)}\n` : "",
    );
    return outcome.failed ? EXIT.failed : EXIT.done;
  } catch (error) {
    view.end();
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const { code, message, exit, hint } = explain(error, commandOf(program, args));
    if (json) streams.out.write(`${JSON.stringify({ error: { code, message } })}\n`);
    else streams.err.write(`annoy-edge: ${printable(message)} (${code})\n`);
    if (hint) streams.err.write(`${hint}\n`);
    if (process.env.DEBUG && error instanceof Error) streams.err.write(`${stacks(error)}\n`);
    return exit;
  }
}

/** Help goes where results go; what commander would say of an error is said by {@link explain}. */
function redirect(command: Command, streams: Streams): void {
  command.configureOutput({ writeErr: () => {}, writeOut: (text) => streams.out.write(text) });
  for (const child of command.commands) redirect(child, streams);
}

interface Explanation {
  readonly code: string;
  readonly message: string;
  readonly exit: number;
  readonly hint?: string;
}

/** An option that cannot be, or a search that is wrong whatever index it is asked of, or that this one can never answer. */
const MISUSED: ReadonlySet<string> = new Set([
  "BAD_OPTION",
  "UNKNOWN_LAYOUT",
  "BAD_TREE_COUNT",
  "NO_QUERY",
  "AMBIGUOUS_QUERY",
  "EMPTY_QUERY",
  "QUERY_TOO_LONG",
  "OUT_OF_RANGE",
  "INVALID_TYPE",
  "INVALID_VALUE",
  "UNKNOWN_FIELD",
  "INVALID_FILTER",
  "FILTER_TOO_COMPLEX",
  "UNKNOWN_FILTER_FIELD",
  "FILTER_TYPE_MISMATCH",
  "NO_FILTERABLE_COLUMNS",
  "NO_KEYWORD_INDEX",
]);

/** Whether an error is about how a command was asked. Vectors of another dimension may come from documents as well. */
function isMisuse(error: AnnoyEdgeError): boolean {
  return MISUSED.has(error.code) || (error instanceof SearchError && error.code === "DIMENSION_MISMATCH");
}

/** The command that arguments begin with, as one types it. */
function commandOf(program: Command, args: readonly string[]): string {
  let command = program;
  const names = [program.name()];
  for (const arg of args) {
    const child = command.commands.find((each) => each.name() === arg);
    if (!child) break;
    command = child;
    names.push(arg);
  }
  return names.join(" ");
}

function explain(error: unknown, command: string): Explanation {
  if (error instanceof CommanderError) {
    // Help shown because no subcommand was named counts as a question that was not asked well.
    const message = error.message
      .replace(/^error: /, "")
      .replace(/^\(outputHelp\)$/, "no command given")
      .replaceAll("\n", " ");
    return { code: "USAGE", message: sentence(message), exit: EXIT.usage, hint: `See ${command} --help.` };
  }
  if (error instanceof AnnoyEdgeError) {
    const exit = isMisuse(error) ? EXIT.usage : EXIT.failed;
    return { code: error.code, message: error.message, exit };
  }
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const message = error instanceof Error ? error.message : String(error);
  // A full disk or a folder without permission is no bug; the system's sentence names file and cause.
  if (code && syscall) return { code, message: sentence(message), exit: EXIT.failed };
  return {
    code: "UNEXPECTED",
    message: sentence(message),
    exit: EXIT.failed,
    hint: process.env.DEBUG
      ? "This should not happen. Please report it with the command you typed and the lines below."
      : "This should not happen. Please report it with the command you typed and what it prints with DEBUG=1.",
  };
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

function stacks(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by ${stacks(error.cause)}` : own;
}

/** Parsers of option values, for commander. */
export function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isInteger(value) || value < low || value > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `at least ${low}` : `from ${low} to ${high}`;
      throw new InvalidArgumentError(`A whole number ${range} is needed.`);
    }
    return value;
  };
}

export function wholeNumberOrAuto(low: number, high?: number): (text: string) => number | "auto" {
  const parse = wholeNumber(low, high);
  return (text) => (text === "auto" ? "auto" : parse(text));
}

export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("A number is needed.");
  return value;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** Bytes: `45000000`, `45MB`, `512k`. */
export function byteCount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(text.trim());
  if (!match) throw new InvalidArgumentError("A number of bytes is needed, such as 45000000 or 45MB.");
  return Math.round(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
}

/** JSON of an option's value. */
export function json(text: string): unknown {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new InvalidArgumentError(`It is not JSON: ${(error as Error).message}.`);
  }
  // Commander would take it for an option without a value.
  if (value === null) throw new InvalidArgumentError("null says nothing: leave the option out.");
  return value;
}

/** For options that may be given several times. */
export function collectValues(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
