import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openLines } from "../lines.ts";
import { geometric } from "../native/contender.ts";
import { installPython } from "../packages.ts";
import type { Contender, DataSet } from "../types.ts";

const run = promisify(execFile);
const SCRIPT = fileURLToPath(new URL("./peer.py", import.meta.url));
/** Libraries of linear algebra start a thread a core otherwise. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

type Library = Pick<Contender, "peer" | "label" | "note" | "settings">;

const LIBRARIES: readonly Library[] = [
  {
    peer: "voyager",
    label: "Voyager",
    note: "M 16, ef_construction 128, float32, one thread; called from Python, 3 to 4 µs a call",
    settings: () => geometric(10, 1280, 2),
  },
  {
    peer: "faiss-hnsw",
    label: "FAISS HNSW",
    note: "M 16, efConstruction 100, float32, one thread; called from Python, 3 to 4 µs a call",
    settings: () => geometric(10, 1280, 2),
  },
  {
    peer: "faiss-ivf",
    label: "FAISS IVF",
    note: "4 √n lists, float32, one thread; called from Python, 3 to 4 µs a call",
    settings: ({ count }: DataSet) => geometric(1, listsOf(count), 2),
  },
];

/** Libraries of Python's, each in processes of its own: one that builds, one that answers. */
export function pythonContenders(cache: string): Contender[] {
  let python = "";
  return LIBRARIES.map((library) => {
    const args = ({ file, count, dimensions, nQueries }: DataSet, what: string, folder: string) => [
      ...[SCRIPT, what, library.peer, file, count, dimensions, nQueries].map(String),
      ...[String(listsOf(count)), join(folder, "index")],
    ];
    return {
      ...library,
      id: library.peer,
      buildId: library.peer,
      where: "native",
      declines: () => undefined,
      async prepare() {
        python = await installPython(cache);
      },
      async build(set, folder) {
        const env = { ...process.env, ...ONE_THREAD };
        const { stdout } = await run(python, args(set, "build", folder), { env });
        const [cpu, wall] = stdout.trim().split(" ").map(Number);
        return { cpu: cpu!, wall: wall!, bytes: (await stat(join(folder, "index"))).size };
      },
      open: (set, folder) => openLines(set, python, args(set, "serve", folder), ONE_THREAD),
    };
  });
}

/** Lists of an inverted file: FAISS advises 4 to 16 times the root of the vectors. */
function listsOf(count: number): number {
  return Math.max(1, Math.round(4 * Math.sqrt(count)));
}
