import { once } from "node:events";
import { createReadStream } from "node:fs";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { childrenNamed, cpuSecondsOf, residentBytes } from "../cpu.ts";
import type { BuildResult, Contender, DataSet, Session } from "../types.ts";
import { bundleWorker, COMPATIBILITY_DATE } from "./bundle.ts";

export interface WorkerContenderOptions
  extends Pick<Contender, "id" | "peer" | "label" | "note" | "settings" | "certified"> {
  readonly cache: string;
  /** The Worker's source below this folder, without `.js`. */
  readonly worker: string;
  /** Installs the library and returns the folder with its `node_modules`; none for our own sources. */
  readonly install?: () => Promise<string>;
  /** Writes the index that the Worker reads from R2 into a file. */
  readonly write: (set: DataSet, file: string) => Promise<BuildResult>;
  /** Further arguments of the peer's `open`. */
  readonly opening?: Readonly<Record<string, number>>;
  readonly buildId?: string;
  readonly declines?: (set: DataSet) => string | undefined;
}

/** A library inside workerd, the runtime of Workers, reading its index from local R2. */
export function workerContender(options: WorkerContenderOptions): Contender {
  const { cache, worker, install, write, id, peer, label, note, settings } = options;
  let bundle = "";
  return {
    id,
    peer,
    label,
    where: "worker",
    buildId: options.buildId ?? id,
    declines: options.declines ?? (() => undefined),
    note,
    settings,
    ...(options.certified && { certified: options.certified }),
    async prepare() {
      bundle = await bundleWorker(worker, cache, await install?.());
    },
    build: (set, folder) => write(set, join(folder, "index")),
    open: (set, folder) =>
      openWorker({ id, bundle, name: worker, folder, opening: options.opening ?? {} }, set),
  };
}

interface Opening {
  readonly id: string;
  readonly bundle: string;
  readonly name: string;
  readonly folder: string;
  readonly opening: object;
}

async function openWorker({ id, bundle, name, folder, opening }: Opening, set: DataSet): Promise<Session> {
  const { Miniflare, convertV4MiniflareOptions } = await import("miniflare");
  const state = join(folder, `state-${id}`);
  await rm(state, { recursive: true, force: true });
  const others = new Set(childrenNamed("workerd"));
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      modulesRoot: bundle,
      modules: await modulesOf(bundle, name),
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: ["nodejs_compat"],
      r2Buckets: { INDEXES: "bench" },
      resourcePersistencePath: state,
      cf: false,
    }),
  );
  const origin = await runtime.ready;
  const pid = childrenNamed("workerd").find((child) => !others.has(child));
  const call = (method: string, path: string, body: Readable, length: number) =>
    send({ method, url: new URL(path, origin), body, length, name });
  const post = (path: string, value: unknown) => {
    const bytes = Buffer.from(JSON.stringify(value));
    return call("POST", path, Readable.from([bytes]), bytes.length);
  };

  const file = join(folder, "index");
  const { size } = await stat(file);
  const queries = set.rows.slice(set.count * set.dimensions);
  await call("PUT", "/queries", Readable.from([Buffer.from(queries.buffer)]), queries.byteLength);
  await call("PUT", "/index", createReadStream(file, { highWaterMark: 1 << 20 }), size);
  const before = pid === undefined ? Number.NaN : residentBytes(pid);
  const opened = await post("/open", { ...opening, dimensions: set.dimensions, count: set.count });
  const { firstAnswerMs } = opened as { firstAnswerMs: number };
  return {
    firstAnswerMs,
    async ask(setting, from, count) {
      const began = pid === undefined ? undefined : cpuSecondsOf(pid);
      const answer = (await post("/ask", { setting, from, count })) as { wall: number; items: number[] };
      const ended = pid === undefined ? undefined : cpuSecondsOf(pid);
      const cpu = began === undefined || ended === undefined ? answer.wall : ended - began;
      return { cpu, wall: answer.wall, items: answer.items };
    },
    memory: async () => (pid === undefined ? Number.NaN : residentBytes(pid) - before),
    close: () => runtime.dispose(),
  };
}

interface Call {
  readonly method: string;
  readonly url: URL;
  readonly body: Readable;
  readonly length: number;
  readonly name: string;
}

/** One request and its JSON answer. Not fetch, which gives up after five minutes: some peers take longer to open. */
async function send({ method, url, body, length, name }: Call): Promise<unknown> {
  const sent = request(url, { method, headers: { "content-length": length } });
  body.pipe(sent);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) {
    throw new Error(
      `The Worker of ${name} answered ${response.statusCode} to ${url.pathname}: ${answer.slice(0, 400)}`,
    );
  }
  return JSON.parse(answer);
}

/** The entry first, then the WebAssembly that wrangler laid beside it. */
async function modulesOf(
  bundle: string,
  name: string,
): Promise<{ type: "ESModule" | "CompiledWasm"; path: string }[]> {
  const wasm = (await readdir(bundle)).filter((file) => file.endsWith(".wasm"));
  return [
    { type: "ESModule", path: join(bundle, `${name}.js`) },
    ...wasm.map((file) => ({ type: "CompiledWasm" as const, path: join(bundle, file) })),
  ];
}

/** The index of peers that build theirs in the Worker: the vectors themselves. */
export async function writeVectors(set: DataSet, file: string): Promise<BuildResult> {
  const rows = set.rows.subarray(0, set.count * set.dimensions);
  await writeFile(file, new Uint8Array(rows.buffer, 0, rows.byteLength));
  return { cpu: 0, wall: 0, bytes: rows.byteLength };
}

/** int8 codes, then a float32 scale a vector. */
export async function writeInt8(set: DataSet, file: string): Promise<BuildResult> {
  const { count, dimensions, rows } = set;
  const began = performance.now();
  const start = process.cpuUsage();
  const bytes = new Uint8Array(count * (dimensions + 4));
  const codes = new Int8Array(bytes.buffer, 0, count * dimensions);
  const view = new DataView(bytes.buffer, count * dimensions);
  for (let row = 0; row < count; row++) {
    let largest = 0;
    for (let i = row * dimensions; i < (row + 1) * dimensions; i++)
      largest = Math.max(largest, Math.abs(rows[i]!));
    for (let i = row * dimensions; i < (row + 1) * dimensions; i++)
      codes[i] = Math.round((rows[i]! / largest) * 127);
    view.setFloat32(row * 4, largest / 127, true);
  }
  await writeFile(file, bytes);
  const { user, system } = process.cpuUsage(start);
  return { cpu: (user + system) / 1e6, wall: (performance.now() - began) / 1000, bytes: bytes.length };
}
