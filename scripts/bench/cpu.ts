import { readdirSync, readFileSync } from "node:fs";

/*
 * CPU time and memory of other processes, from Linux's /proc (proc(5)). Elsewhere they are unknown, and the bench falls
 * back to the time on the clock.
 */

/** Seconds that all threads of a process have run; undefined where there is no /proc. */
export function cpuSecondsOf(pid: number): number | undefined {
  try {
    let nanoseconds = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    }
    return nanoseconds / 1e9;
  } catch {
    return undefined;
  }
}

/** Resident bytes of a process; NaN where there is no /proc. */
export function residentBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? Number.NaN) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** Processes of a given name that this process started. */
export function childrenNamed(name: string): number[] {
  try {
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => {
        const stat = statOf(pid);
        return stat?.parent === process.pid && stat.name === name;
      });
  } catch {
    return [];
  }
}

function statOf(pid: number): { name: string; parent: number } | undefined {
  try {
    const match = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return match ? { name: match[1]!, parent: Number(match[2]) } : undefined;
  } catch {
    return undefined;
  }
}
