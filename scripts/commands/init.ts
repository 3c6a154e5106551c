import { type Command, Option } from "commander";
import { type InitOptions, type InitResult, init, TEMPLATES } from "../../build/index.ts";
import { leafCommand, perform } from "../cli/run.ts";

/** `annoy-edge init`: a project that deploys, or what an existing one lacks. */
export function addInit(program: Command): void {
  const command = leafCommand(
    program,
    "init",
    "make a project that deploys, or add what an existing one lacks",
    ["init my-search", "init --template site --dry-run"],
  )
    .argument("[dir]", "folder of the project (default: here)")
    .addOption(new Option("--template <name>", "what to make (default: api)").choices(TEMPLATES))
    .option("--index <name>", "name of the index (default: the first that the Worker serves, else docs)")
    .option("--dry-run", "say what would be written; write nothing");
  perform<InitOptions>(command, async (_context, flags, [dir]) => {
    const result = init(dir, flags);
    return { result, text: describe(result, flags.dryRun === true) };
  });
}

function describe({ root, created, changed, kept, next }: InitResult, dryRun: boolean): string {
  return [
    dryRun ? `${root}: nothing is written` : root,
    ...created.map((file) => `  + ${file}`),
    ...changed.flatMap(({ file, added }) => [`  ~ ${file}`, ...added.map((line) => `      + ${line}`)]),
    ...kept.map((file) => `  = ${file}, as it is`),
    "",
    "Next:",
    ...next.map((line) => `  ${line}`),
  ].join("\n");
}
