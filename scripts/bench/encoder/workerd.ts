import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { median } from "../../../build/numeric/statistics.ts";
import { childrenNamed, cpuSecondsOf } from "../cpu.ts";

const WORKER = fileURLToPath(new URL("./query-worker.js", import.meta.url));
const KERNELS = new URL("../../../worker/core/embedding/encoder/kernel/", import.meta.url);
const TIMES = 200;
const ROUNDS = 5;

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
      const before = cpuOfWorkerd();
      await ask(TIMES);
      found.push((cpuOfWorkerd() - before) / TIMES);
    }
    return { tokens, memoryBytes, milliseconds: median(found) };
  } finally {
    await miniflare.dispose();
  }
}

/** CPU of the workerd processes that this one started, in milliseconds. */
function cpuOfWorkerd(): number {
  return childrenNamed("workerd").reduce((sum, pid) => sum + 1000 * (cpuSecondsOf(pid) ?? 0), 0);
}
