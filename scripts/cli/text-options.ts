import type { Command } from "commander";
import type { TextOptions } from "../../build/index.ts";

/** Text options as commander gives them: `--no-keyword` makes `keyword` false. */
export interface TextFlags {
  readonly keyword: boolean;
  readonly language?: string;
  readonly filterable?: readonly string[];
}

/** The options shared by the commands that make an artifact. */
export function addTextOptions(command: Command): Command {
  return command
    .option("--no-keyword", "no keyword index: vectors alone")
    .option(
      "--language <code>",
      "stemming of the keyword index: auto (default: by document), en, de, ... or none",
    )
    .option(
      "--filterable <fields...>",
      "metadata fields to filter, sort and group by (default: numbers, dates, those of few values), or none",
    );
}

/** The same flags as the library takes them; what was not given is left out. */
export function withTextOptions<T extends TextFlags>(flags: T): Omit<T, keyof TextFlags> & TextOptions {
  const { keyword, language, filterable, ...rest } = flags;
  return {
    ...rest,
    ...(language !== undefined && { keyword: { language } }),
    ...(keyword === false && { keyword: false }),
    ...(filterable && { filterable: filterable.join() === "none" ? [] : filterable }),
  };
}
