import { HELD_BYTES } from "../core/format/budget.ts";
import { monotonicNow } from "../core/time/clock.ts";

/**
 * Objects of one class may live in one isolate, which has 128 MB for all of them. Each keeps its shard as long as the
 * platform keeps the object, so before another shard is loaded, those that nobody has asked of late make room: of a
 * version that was replaced, mostly. A shard in use never does, whatever that comes to.
 */
export interface Resident {
  readonly bytes: number;
  /** Calls that are using it at this moment. */
  readonly users: number;
  /** When it was last asked, by {@link monotonicNow}. */
  readonly usedAt: number;
  /** Lets go of the memory; the next call loads again. */
  drop(): void;
}

export interface Residents {
  /**
   * Makes room for so many bytes, as far as idle shards can, and counts them until the returned function is called: what is
   * being loaded is no resident yet.
   */
  makeRoom(bytes: number): () => void;
  /** Held weakly: what the platform evicts is gone from here as well. */
  add(resident: Resident): void;
  readonly bytes: number;
}

const IDLE_MS = 10_000;
/** A load that lasts longer belongs to an object that is gone. */
const GONE_MS = 60_000;

export function createResidents(budget = HELD_BYTES, idleMs = IDLE_MS): Residents {
  const all = new Set<WeakRef<Resident>>();
  const residents = (): Resident[] => {
    const found: Resident[] = [];
    for (const reference of all) {
      const resident = reference.deref();
      if (resident) found.push(resident);
      else all.delete(reference);
    }
    return found;
  };
  const loading = new Set<{ readonly bytes: number; readonly since: number }>();
  const total = (): number => {
    const before = monotonicNow() - GONE_MS;
    for (const load of loading) if (load.since < before) loading.delete(load);
    return [...residents(), ...loading].reduce((sum, { bytes }) => sum + bytes, 0);
  };
  return {
    makeRoom(bytes) {
      const before = monotonicNow() - idleMs;
      const idle = residents()
        .filter(({ users, usedAt }) => users === 0 && usedAt <= before)
        .sort((a, b) => a.usedAt - b.usedAt);
      for (const resident of idle) {
        if (total() + bytes <= budget) break;
        for (const reference of all) if (reference.deref() === resident) all.delete(reference);
        resident.drop();
      }
      const load = { bytes, since: monotonicNow() };
      loading.add(load);
      return () => void loading.delete(load);
    },
    add: (resident) => void all.add(new WeakRef(resident)),
    get bytes() {
      return total();
    },
  };
}
