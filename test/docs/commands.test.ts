import { readdirSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import * as library from "../../build/index.ts";
import { createProgram } from "../../scripts/program.ts";

/** Holds the docs against what there is. */
const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const cli = read("docs/cli.md");
const libraryText = read("docs/library.md");
const pages = ["README.md", ...readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`)].filter(
  (path) => path.endsWith(".md"),
);

function leaves(command: Command, path: string[] = []): { path: string; command: Command }[] {
  if (command.commands.length === 0) return [{ path: path.join(" "), command }];
  return command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

const commands = leaves(createProgram());
const optionsOf = (command: Command) => command.options.map(({ long }) => long);

describe("docs/cli.md", () => {
  test.each(commands)("names $path, whose help describes each of its options", ({ path, command }) => {
    expect(cli).toContain(`\`${path}`);
    expect(command.options.length).toBeGreaterThan(0);
    expect(command.options.filter(({ description }) => description.length < 8)).toEqual([]);
  });

  test("names no option that no command has", () => {
    const known = new Set(commands.flatMap(({ command }) => optionsOf(command)));
    const named = new Set(cli.match(/--[a-z][a-z-]+/g));
    expect(named.size).toBeGreaterThan(20);
    expect([...named].filter((long) => !known.has(long) && long !== "--help")).toEqual([]);
  });
});

test("command lines of the docs name commands that exist, with options that they have", () => {
  const lines = pages.flatMap((page) =>
    Array.from(read(page).matchAll(/(?:npx |`)annoy-edge ((?:[a-z]+ ?)+[^\n`#|&]*)/g), ([line, rest]) => {
      const words = rest!.trim().split(" ");
      const found = commands.find(({ path }) => `${rest} `.startsWith(`${path} `));
      const options = found ? [...optionsOf(found.command), "--help"] : [];
      const unknown = words.filter((word) => word.startsWith("--") && !options.includes(word));
      return { page, line, command: found?.path, unknown };
    }),
  );
  expect(lines.filter(({ unknown }) => unknown.length === 0).length).toBeGreaterThan(50);
  expect(lines.filter(({ command, unknown }) => command === undefined || unknown.length > 0)).toEqual([]);
});

test("docs/library.md names everything that the library exports", () => {
  expect(Object.keys(library).filter((name) => !libraryText.includes(name))).toEqual([]);
});

test.each(["npm ci && npm start", "npm ci && npm test"])("README.md shows the command %s", (command) => {
  expect(read("README.md").split("\n")).toContain(command);
});
