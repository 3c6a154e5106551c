import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const WORKER = fileURLToPath(new URL("./query-worker.js", import.meta.url));
const KERNELS = new URL("../../../worker/core/embedding/encoder/kernel/", import.meta.url);
const TIMES = 200;
const ROUNDS = 5;
/** Milliseconds of a tick of /proc. */
const TICK = 10;

/** CPU of workerd for one query, in milliseconds, the median of five rounds of 200. Linux alone counts it. */
export async function queryCpu(
  file: Uint8Array,
  flavour: "relaxed" | "plain",
  query: string,
): Promise<{ readonly tokens: number; readonly milliseconds: number; readonly memoryBytes: number }> {
  const { outputFiles } = await build({
    ...{ entryPoints: [WORKER], bundle: true, format: "esm", write: false, external: ["*.wasm", "*.bin"] },
  });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      compatibilityDate: "2026-10-20",
      modules: [
        { type: "ESModule", path: "worker.js", contents: outputFiles[0]!.text },
        {
          type: "CompiledWasm",
          path: "kernel.wasm",
          contents: await readFile(new URL(`${flavour}.wasm`, KERNELS)),
        },
        { type: "Data", path: "encoder.bin", contents: file },
      ],
    }),
  );
  try {
    await miniflare.ready;
    const ask = async (times: number) => {
      const response = await miniflare.dispatchFetch(
        `http://bench/?times=${times}&query=${encodeURIComponent(query)}`,
      );
      return (await response.json()) as { tokens: number; memoryBytes: number };
    };
    const { tokens, memoryBytes } = await ask(TIMES);
    const found: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = childrensCpu();
      await ask(TIMES);
      found.push((childrensCpu() - before) / TIMES);
    }
    return { tokens, memoryBytes, milliseconds: found.sort((a, b) => a - b)[ROUNDS >> 1]! };
  } finally {
    await miniflare.dispose();
  }
}

/** CPU of this process's children so far, in milliseconds. */
function childrensCpu(): number {
  const fieldsOf = (pid: string): string[] => {
    try {
      return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    } catch {
      // It has ended.
      return [];
    }
  };
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(fieldsOf)
    .filter(([, parent]) => Number(parent) === process.pid)
    .reduce((sum, fields) => sum + (Number(fields[11]) + Number(fields[12])) * TICK, 0);
}
