import { median } from "../../build/numeric/statistics.ts";

/** Seconds. `cpu` is that of the whole process, all its threads. */
export interface Cost {
  readonly cpu: number;
  readonly wall: number;
}

/** Starts a clock. Returns a function that reads what this process has taken since. */
export function startClock(): () => Cost {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1000 };
  };
}

/** Milliseconds of this process's CPU that some work takes. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const read = startClock();
  await work();
  return read().cpu * 1000;
}

/** Visits everyone once a round: back and forth, so that a disturbance of a while does not always meet the same ones. */
export async function takeTurns<T>(
  everyone: readonly T[],
  rounds: number,
  visit: (one: T, round: number) => Promise<unknown>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? everyone : everyone.toReversed()) await visit(one, round);
  }
}

/** Returns the median of what each way measures, in turns, after a round that warms up. */
export async function medians(
  ways: readonly (() => number | Promise<number>)[],
  rounds: number,
): Promise<number[]> {
  const found = ways.map((way): [typeof way, number[]] => [way, []]);
  for (const way of ways) await way();
  await takeTurns(found, rounds, async ([way, values]) => values.push(await way()));
  return found.map(([, values]) => median(values));
}
