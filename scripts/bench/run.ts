import { createReadStream, existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { takeTurns } from "./clock.ts";
import { allContenders } from "./contenders.ts";
import { type DataSetId, loadDataSet } from "./data.ts";
import { load, machine, today, versions } from "./machine.ts";
import { askDefault, askRound, pointsOf, type Runner, survey } from "./measure.ts";
import { PeerUnavailable } from "./packages.ts";
import { CACHE, note } from "./tool.ts";
import type { BuildResult, Contender, Curve, DataSet, SetResult } from "./types.ts";

export interface RunOptions {
  /** Peers; all by default. */
  readonly only?: readonly string[];
  /** Shorter rounds: for trying things out, not for publishing. */
  readonly quick?: boolean;
  /** Take the indexes of an earlier run where there are any, with that run's figures of their building: all, or some peers'. */
  readonly reuse?: boolean | readonly string[];
  /** Rounds that medians are taken of. */
  readonly rounds: number;
}

/** A contender that takes part, with its index. */
interface Entry {
  readonly runner: Runner;
  readonly folder: string;
  readonly build: BuildResult;
}

/** Measures all contenders on a data set, in turns. */
export async function runSet(id: DataSetId, options: RunOptions): Promise<SetResult> {
  note(`${id}: preparing data`);
  const set = await loadDataSet(id, join(CACHE, "data"));
  const { title, dimensions, count } = set;
  const { rounds, only } = options;
  const about = { date: today(), machine: machine(), versions: await versions(), rounds, load: load() };
  const entries: Entry[] = [];
  const skipped: { label: string; reason: string }[] = [];
  try {
    const contenders = allContenders().filter(({ peer }) => only?.includes(peer) ?? true);
    for (const contender of contenders) {
      const entered = await enter(contender, set, entries, options).catch((error: Error) => {
        if (error instanceof PeerUnavailable) return error.message;
        throw error;
      });
      if (typeof entered !== "string") continue;
      skipped.push({ label: contender.label, reason: entered });
      note(`${id}: without ${contender.label}: ${entered}`);
    }
    await takeTurns(entries, rounds, async ({ runner }, round) => {
      note(`${id}: round ${round + 1} of ${rounds}: ${runner.contender.label}`);
      await askRound(runner, set, round);
    });
    const curves: Curve[] = [];
    for (const entry of entries) curves.push(await curveOf(entry, set));
    return { ...about, id, title, dimensions, count, curves, skipped };
  } finally {
    for (const { runner } of entries) await runner.session.close();
  }
}

/**
 * Builds and opens a contender's index and finds its settings, and puts it among the entries. Returns why not where it
 * takes no part.
 */
async function enter(
  contender: Contender,
  set: DataSet,
  entries: Entry[],
  { quick = false, rounds, reuse = false }: RunOptions,
): Promise<string | undefined> {
  const { label, buildId, peer } = contender;
  const declined = contender.declines(set);
  if (declined !== undefined) return declined;
  await contender.prepare();
  const folder = join(CACHE, "indexes", set.id, buildId);
  let build = entries.find((entry) => entry.folder === folder)?.build;
  if (!build) {
    note(`${set.id}: ${label}: building`);
    const isReused = typeof reuse === "boolean" ? reuse : reuse.includes(peer);
    build = await buildOrReuse(contender, set, folder, isReused);
  }
  await warmFileCache(folder);
  const session = await contender.open(set, folder);
  const runner: Runner = { contender, session, memory: session.memory(), courses: [] };
  note(`${set.id}: ${label}: first answer after ${session.firstAnswerMs.toFixed(1)} ms`);
  const useless = await survey(runner, set, { quick, rounds });
  if (useless === undefined) entries.push({ runner, folder, build });
  else await session.close();
  return useless;
}

/** An index and what building it took; both are kept for a run that reuses them. */
async function buildOrReuse(
  contender: Contender,
  set: DataSet,
  folder: string,
  reuse: boolean,
): Promise<BuildResult> {
  const record = join(folder, "built.json");
  if (reuse && existsSync(record)) {
    return { ...(JSON.parse(await readFile(record, "utf8")) as BuildResult), reused: true };
  }
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const built = await contender.build(set, folder);
  await writeFile(record, JSON.stringify(built));
  return built;
}

/** Reads what will be opened, so that an index of an earlier run starts from memory like one just written. */
async function warmFileCache(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) await finished(createReadStream(join(folder, entry.name)).resume());
  }
}

async function curveOf({ runner, folder, build }: Entry, set: DataSet): Promise<Curve> {
  const { contender, session, memory } = runner;
  const { id, peer, label, note: how } = contender;
  const certified = await contender.certified?.(folder);
  return {
    ...{ id, peer, label, note: how, build, firstAnswerMs: session.firstAnswerMs, memory },
    points: pointsOf(runner),
    ...(certified && { atDefault: { ...certified, ...(await askDefault(runner, set)) } }),
  };
}
