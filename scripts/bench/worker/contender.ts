import { openAsBlob } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf } from "../../../build/numeric/arrays.ts";
import { startClock } from "../clock.ts";
import type { AskResult, BuildResult, Contender, DataSet, Session } from "../types.ts";
import { startWorkerd } from "../workerd.ts";

export interface WorkerOptions
  extends Pick<Contender, "id" | "peer" | "label" | "note" | "settings" | "certified">,
    Partial<Pick<Contender, "buildId" | "declines">> {
  /** Installs the library and returns the folder with its `node_modules`; none for our own sources. */
  readonly install?: () => Promise<string>;
  /** Writes the index that the Worker reads from R2 into a file. */
  readonly write: (set: DataSet, file: string) => Promise<BuildResult>;
  /** Further arguments of the peer's `open`. */
  readonly opening?: Readonly<Record<string, number>>;
}

/** A library inside workerd, the runtime of Workers, reading its index from local R2. Its Worker has the peer's name. */
export function workerContender({ install, write, opening = {}, ...about }: WorkerOptions): Contender {
  let packages: string | undefined;
  return {
    buildId: about.id,
    declines: () => undefined,
    ...about,
    async prepare() {
      packages = await install?.();
    },
    build: (set, folder) => write(set, join(folder, "index")),
    async open(set, folder): Promise<Session> {
      const state = join(folder, `state-${about.id}`);
      await rm(state, { recursive: true, force: true });
      const entry = join(import.meta.dirname, `${about.peer}.js`);
      const settings = {
        ...{ r2Buckets: { INDEXES: "bench" }, resourcePersistencePath: state },
        compatibilityFlags: ["nodejs_compat"],
      };
      const workerd = await startWorkerd({ entry, packages, settings });
      const post = async (path: string, body: string | Uint8Array<ArrayBuffer> | Blob): Promise<unknown> => {
        const response = await workerd.runtime.dispatchFetch(`http://bench${path}`, { method: "POST", body });
        if (response.ok) return await response.json();
        const answer = (await response.text()).slice(0, 400);
        throw new Error(`The Worker of ${about.peer} answered ${response.status} to ${path}: ${answer}`);
      };
      await post("/queries", new Uint8Array(set.rows.slice(set.count * set.dimensions).buffer));
      await post("/index", await openAsBlob(join(folder, "index")));
      const before = workerd.residentBytes();
      const { dimensions, count } = set;
      const opened = await post("/open", JSON.stringify({ ...opening, dimensions, count }));
      return {
        ...(opened as Pick<Session, "firstAnswerMs">),
        async ask(setting, from, count) {
          const began = workerd.cpuSeconds();
          const answer = await post("/ask", JSON.stringify({ setting, from, count }));
          return { ...(answer as AskResult), cpu: workerd.cpuSeconds() - began };
        },
        memory: () => workerd.residentBytes() - before,
        close: () => workerd.runtime.dispose(),
      };
    },
  };
}

/** The index of peers that build theirs in the Worker: the vectors themselves. */
export async function writeVectors(set: DataSet, file: string): Promise<BuildResult> {
  const bytes = bytesOf(set.rows.subarray(0, set.count * set.dimensions));
  await writeFile(file, bytes);
  return { cpu: 0, wall: 0, bytes: bytes.byteLength };
}

/** int8 codes, then a float32 scale a vector. */
export async function writeInt8({ count, dimensions, rows }: DataSet, file: string): Promise<BuildResult> {
  const read = startClock();
  const bytes = new Uint8Array(count * (dimensions + 4));
  const codes = new Int8Array(bytes.buffer, 0, count * dimensions);
  const view = new DataView(bytes.buffer, count * dimensions);
  for (let row = 0; row < count; row++) {
    const vector = rows.subarray(row * dimensions, (row + 1) * dimensions);
    const largest = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    for (const [i, x] of vector.entries()) codes[row * dimensions + i] = Math.round((x / largest) * 127);
    view.setFloat32(row * 4, largest / 127, true);
  }
  await writeFile(file, bytes);
  return { ...read(), bytes: bytes.length };
}
