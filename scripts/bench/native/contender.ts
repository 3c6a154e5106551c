import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openLines } from "../lines.ts";
import { installPackages } from "../packages.ts";
import { type Contender, PeerUnavailable } from "../types.ts";

const run = promisify(execFile);
export const ANNOY_FLAGS = ["-O3", "-march=native", "-ffast-math", "-std=c++17"];

export interface AnnoyOptions {
  readonly cache: string;
  readonly trees: number;
  /** Folder with annoylib.h and kissrandom.h; those of the npm package `annoy` by default. */
  readonly headers: string | undefined;
}

/** Annoy in C++, single-threaded, with a fixed number of trees. */
export function annoyContender({ cache, trees, headers }: AnnoyOptions): Contender {
  const program = join(cache, "native", "annoy");
  return {
    id: `annoy-${trees}`,
    peer: "annoy",
    buildId: `annoy-${trees}`,
    declines: () => undefined,
    label: `Annoy C++, ${trees} trees`,
    where: "native",
    note: `annoylib.h with ${ANNOY_FLAGS.join(" ")}, ${trees} trees, built on one thread`,
    settings: () => geometric(200, 800_000, 2),
    prepare: () => compile(cache, headers),
    async build(set, folder) {
      const file = join(folder, "index.ann");
      const { stdout } = await run(program, [
        "build",
        set.file,
        `${set.count}`,
        `${set.dimensions}`,
        `${trees}`,
        file,
      ]);
      const [cpu, wall] = stdout.trim().split(" ").map(Number);
      return { cpu: cpu!, wall: wall!, bytes: (await stat(file)).size };
    },
    async open(set, folder) {
      const file = join(folder, "index.ann");
      const { count, dimensions, nQueries } = set;
      return openLines(set, program, ["serve", set.file, `${count}`, `${dimensions}`, `${nQueries}`, file]);
    },
  };
}

/** `from` to `to`, each `factor` times the one before, as whole numbers. */
export function geometric(from: number, to: number, factor: number): number[] {
  const values: number[] = [];
  for (let x = from; x <= to; x *= factor) values.push(Math.round(x));
  return values;
}

let compiled: Promise<void> | undefined;

/** Once a run, whatever the number of forests. */
function compile(cache: string, headers: string | undefined): Promise<void> {
  compiled ??= (async () => {
    const include = headers ?? join(await installPackages(cache, "annoy"), "node_modules", "annoy");
    const folder = join(cache, "native");
    await mkdir(folder, { recursive: true });
    if (!existsSync(join(include, "annoylib.h"))) throw new PeerUnavailable(`${include} has no annoylib.h.`);
    const source = await readFile(join(include, "annoylib.h"), "utf8");
    // Newer releases have a template parameter for threads, and a namespace.
    const policy = source.includes("AnnoyIndexSingleThreadedBuildPolicy") ? ["-DANNOY_BUILD_POLICY"] : [];
    const input = fileURLToPath(new URL("./annoy.cpp", import.meta.url));
    try {
      await run("g++", [...ANNOY_FLAGS, ...policy, `-I${include}`, input, "-o", join(folder, "annoy")]);
    } catch (error) {
      const { stderr, code } = error as { stderr?: string; code?: unknown };
      const reason = code === "ENOENT" ? "there is no g++" : (stderr ?? String(error)).split("\n")[0];
      throw new PeerUnavailable(`C++ Annoy cannot be compiled: ${reason}`);
    }
  })();
  return compiled;
}
