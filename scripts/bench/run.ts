import { createReadStream, existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { allContenders, type PeerName } from "./contenders.ts";
import { type DataSetId, loadDataSet } from "./data.ts";
import { machine, versions } from "./machine.ts";
import { askDefault, askRound, pointsOf, type Runner, survey } from "./measure.ts";
import {
  type BuildResult,
  type Contender,
  type Curve,
  type DataSet,
  PeerUnavailable,
  type SetResult,
} from "./types.ts";

/** Flags of a run. */
export interface RunOptions {
  readonly data: readonly DataSetId[];
  /** All peers, unless some are named. */
  readonly only?: readonly PeerName[];
  /** Fewer rounds and queries: for trying things out, not for publishing. */
  readonly quick?: boolean;
  /** Take the indexes of an earlier run where there are any, with that run's figures of their building: all, or some peers'. */
  readonly reuse?: boolean | readonly PeerName[];
  /** Rounds that medians are taken of: 5, or 2 when quick. */
  readonly rounds?: number;
  /** Folder with annoylib.h and kissrandom.h. */
  readonly annoylib?: string;
}

interface BenchOptions extends RunOptions {
  /** Folder for packages, data and indexes; kept between runs. */
  readonly cache: string;
  readonly onNote: (line: string) => void;
}

const ROUNDS = 5;
const QUICK_ROUNDS = 2;

/**
 * Runs the bench: one data set after the other, all contenders of a set in turns.
 *
 * @param onSet is given each set's result as soon as it is there
 */
export async function runBench(
  options: BenchOptions,
  onSet: (result: SetResult) => Promise<void>,
): Promise<void> {
  const { cache, data, only, quick = false, reuse = false, onNote } = options;
  const rounds = options.rounds ?? (quick ? QUICK_ROUNDS : ROUNDS);
  const contenders = allContenders(cache, options.annoylib).filter(
    ({ peer }) => !only || only.includes(peer as PeerName),
  );
  const unavailable = new Map<string, string>();
  for (const id of data) {
    onNote(`${id}: preparing data`);
    const set = await loadDataSet(id, cache);
    const date = new Date().toISOString().slice(0, 10);
    const load = loadavg()[0]!.toFixed(1);
    const result = await runSet(set, contenders, unavailable, { cache, rounds, quick, reuse, onNote });
    await onSet({ date, machine: machine(), versions: await versions(), rounds, load, ...result });
  }
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

interface SetOptions {
  readonly reuse: boolean | readonly PeerName[];
  readonly cache: string;
  readonly rounds: number;
  readonly quick: boolean;
  readonly onNote: (line: string) => void;
}

type Measurements = Pick<SetResult, "id" | "title" | "dimensions" | "count" | "curves" | "skipped">;

async function runSet(
  set: DataSet,
  contenders: readonly Contender[],
  unavailable: Map<string, string>,
  { cache, rounds, quick, reuse, onNote }: SetOptions,
): Promise<Measurements> {
  const skipped: { label: string; reason: string }[] = [];
  const builds = new Map<string, BuildResult>();
  const runners: Runner[] = [];
  try {
    for (const contender of contenders) {
      const { label, buildId } = contender;
      const declined = contender.declines(set);
      if (declined !== undefined) {
        skipped.push({ label, reason: declined });
        continue;
      }
      const folder = join(cache, "indexes", set.id, buildId);
      try {
        const known = unavailable.get(contender.id);
        if (known !== undefined) throw new PeerUnavailable(known);
        await contender.prepare();
        if (!builds.has(buildId)) {
          onNote(`${set.id}: ${label}: building`);
          const reused = typeof reuse === "boolean" ? reuse : reuse.includes(contender.peer as PeerName);
          builds.set(buildId, await buildOrReuse(contender, set, folder, reused));
        }
        await warmFileCache(folder);
        const session = await contender.open(set, folder);
        const runner: Runner = { contender, session, memory: await session.memory(), courses: [] };
        runners.push(runner);
        onNote(`${set.id}: ${label}: first answer after ${session.firstAnswerMs.toFixed(1)} ms`);
        const useless = await survey(runner, set, { quick, rounds });
        if (useless !== undefined) {
          runners.pop();
          await session.close();
          skipped.push({ label, reason: useless });
          onNote(`${set.id}: without ${label}: ${useless}`);
        }
      } catch (error) {
        if (!(error instanceof PeerUnavailable)) throw error;
        unavailable.set(contender.id, error.message);
        skipped.push({ label, reason: error.message });
        onNote(`${set.id}: without ${label}: ${error.message}`);
      }
    }
    for (let round = 0; round < rounds; round++) {
      onNote(`${set.id}: round ${round + 1} of ${rounds}`);
      // Back and forth, so that whatever disturbs the machine for a while does not always meet the same ones.
      const order = round % 2 === 0 ? runners : [...runners].reverse();
      for (const runner of order) await askRound(runner, set, round);
    }
    const curves: Curve[] = [];
    for (const runner of runners) {
      const { id, peer, label, where, note, buildId } = runner.contender;
      const { memory, session } = runner;
      const { firstAnswerMs } = session;
      const build = builds.get(buildId)!;
      const certified = await runner.contender.certified?.(join(cache, "indexes", set.id, buildId));
      const atDefault = certified && { ...certified, ...(await askDefault(runner, set)) };
      const points = pointsOf(runner);
      curves.push({
        ...{ id, peer, label, where, note, build, firstAnswerMs, memory, points },
        ...(atDefault && { atDefault }),
      });
    }
    const { id, title, dimensions, count } = set;
    return { id, title, dimensions, count, curves, skipped };
  } finally {
    for (const { session } of runners) await session.close();
  }
}
