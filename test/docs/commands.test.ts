import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import * as library from "../../build/index.ts";
import { createProgram } from "../../scripts/program.ts";

/** Holds docs/cli.md and docs/library.md against what there is. */
const cli = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const libraryText = readFileSync(new URL("../../docs/library.md", import.meta.url), "utf8");

function leaves(command: Command, path: string[] = []): { path: string; command: Command }[] {
  if (command.commands.length === 0) return [{ path: path.join(" "), command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

describe("docs/cli.md", () => {
  const commands = leaves(createProgram());

  test.each(commands)("names $path and each of its options", ({ path, command }) => {
    expect(cli).toContain(`\`${path}`);
    const options = command.options.map((option) => option.long).filter((long) => long !== "--help");
    expect(options.filter((long) => !cli.includes(long!))).toEqual([]);
  });

  test("names no option that no command has", () => {
    const known = new Set(commands.flatMap(({ command }) => command.options.map((option) => option.long)));
    const named = new Set(cli.match(/--[a-z][a-z-]+/g));
    expect([...named].filter((long) => !known.has(long) && long !== "--help")).toEqual([]);
  });
});

test("docs/library.md names everything that the library exports", () => {
  expect(Object.keys(library).filter((name) => !libraryText.includes(name))).toEqual([]);
});

test.each(["npm ci && npm start", "npm ci && npm test"])("README.md shows the command %s", (command) => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  expect(readme.split("\n")).toContain(command);
});
