import { expect } from "vitest";
import { requirePointerState } from "../../build/publish/pointer.ts";
import { publish } from "../../build/publish/publish.ts";
import { store } from "./own-store.ts";
import { dying, Killed } from "./stores.ts";

const me = { by: "me" };

interface Killing {
  readonly name: string;
  /** Artifact folder, which is published already. */
  readonly folder: string;
  /** Changes the folder; returns the version that it then has. */
  readonly change: (edition: number) => Promise<string>;
  /** Writes that publishing changes takes, at least. */
  readonly least: number;
  /** Holds what is current after a publish was killed. */
  readonly check: (current: string, isNew: boolean, write: number) => Promise<void>;
}

/**
 * Publishes changes again and again, killed at another write each time: what is current is the version before or the new
 * one, whole, and publishing again makes the new one current. Returns the last version, and how often.
 */
export async function killAtEachWrite({ name, folder, change, least, check }: Killing) {
  let before = await change(1);
  const rehearsal = dying(store);
  await publish(rehearsal.store, folder, me);
  const total = rehearsal.writes().length;
  expect(total).toBeGreaterThanOrEqual(least);
  for (let write = 0; write < total; write++) {
    const version = await change(write + 2);
    const when = (["before", "during", "after"] as const)[write % 3]!;
    await expect(publish(dying(store, { write, when }).store, folder, me)).rejects.toThrow(Killed);
    const current = (await requirePointerState(store, name)).pointer.version;
    expect([before, version]).toContain(current);
    await check(current, current === version, write);
    await publish(store, folder, me);
    expect((await requirePointerState(store, name)).pointer.version).toBe(version);
    before = version;
  }
  return { last: before, total };
}
