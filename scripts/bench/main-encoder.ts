import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Tokenizer } from "@huggingface/tokenizers";
import { Command } from "commander";
import { importEncoder } from "../../build/embedding/encoder/import.ts";
import { loadKernel } from "../../build/embedding/encoder/kernel/load.ts";
import { median } from "../../build/numeric/statistics.ts";
import { readWordNet } from "../../build/sources/wordnet.ts";
import { openEncoder } from "../../worker/core/embedding/encoder/encoder.ts";
import { columns } from "../cli/describe.ts";
import { openOnnx } from "./encoder/onnx.ts";
import { QUERY, writeRandomModel } from "./encoder/random-model.ts";
import { queryCpu } from "./encoder/workerd.ts";

/** `npm run bench:encoder`: what the sentence encoder costs, in CPU. */
const { onnx, tokenizer, texts, rounds } = new Command("npm run bench:encoder --")
  .description(
    "Measures CPU of a query in workerd; with --onnx, of encoding passages beside onnxruntime-node.",
  )
  .option("--onnx <file>", "model.onnx of all-MiniLM-L6-v2 in int8")
  .option("--tokenizer <file>", "its tokenizer.json")
  .option("--texts <n>", "passages to encode: WordNet's definitions, one to sixteen to a passage", "400")
  .option("--rounds <n>", "rounds, in turn", "3")
  .parse()
  .opts<{ onnx?: string; tokenizer?: string; texts: string; rounds: string }>();
const root = fileURLToPath(new URL("../..", import.meta.url));

if (onnx && tokenizer) await measurePassages(onnx, tokenizer);
else await measureQueries();

/** One query of 8 tokens, by models of 6 and 12 layers, with both kernels. */
async function measureQueries(): Promise<void> {
  const rows = [["layers", "SIMD", "tokens", "CPU a query", "memory"]];
  for (const layers of [6, 12]) {
    const folder = await mkdtemp(join(tmpdir(), "annoy-edge-bench-encoder-"));
    try {
      await writeRandomModel(folder, layers);
      const { out } = await importEncoder(folder, { out: join(folder, "encoder.bin") });
      const file = await readFile(out);
      for (const flavour of ["relaxed", "plain"] as const) {
        const { tokens, milliseconds, memoryBytes } = await queryCpu(file, flavour, QUERY);
        rows.push([
          String(layers),
          flavour,
          String(tokens),
          `${milliseconds.toFixed(2)} ms`,
          `${(memoryBytes / 1e6).toFixed(1)} MB`,
        ]);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  process.stdout.write(`${columns(rows, [1])}\n`);
}

/** Tokens a second of CPU on one thread, ours with its tokenizer, onnxruntime-node with ids made beforehand. */
async function measurePassages(model: string, tokenizerFile: string): Promise<void> {
  const passages = await readPassages(Number(texts));
  const json = JSON.parse(await readFile(tokenizerFile, "utf8"));
  const hub = new Tokenizer(json, {});
  const encoder = openEncoder(
    await readFile(join(root, "artifacts/encoder-en/encoder.bin")),
    await loadKernel(),
  );
  const ids = passages.map((text) => hub.encode(text).ids.slice(0, encoder.maxTokens));
  const tokens = ids.reduce((sum, { length }) => sum + length, 0);
  const run = await openOnnx(model, join(root, ".bench"));
  const out = new Float32Array(passages.length * encoder.identity.dimensions);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round <= Number(rounds); round++) {
    const own = await cpuOf(() => encoder.embedPassagesInto(passages, out));
    const other = await cpuOf(() => run(ids));
    // The first round warms up.
    if (round > 0) {
      ours.push(tokens / own);
      theirs.push(tokens / other);
    }
  }
  const [a, b] = [median(ours), median(theirs)];
  process.stdout.write(
    `${passages.length} passages, ${tokens} tokens, one thread each, tokens a second of CPU\n  this encoder      ${a.toFixed(0)}\n  onnxruntime-node  ${b.toFixed(0)}\n  ratio             ${(a / b).toFixed(2)}\n`,
  );
}

/** Passages by length, from 10 to some 250 tokens: a definition, two, up to sixteen. */
async function readPassages(count: number): Promise<string[]> {
  const passages: string[] = [];
  let parts: string[] = [];
  for await (const { pageContent } of readWordNet()) {
    parts.push(pageContent);
    if (parts.length < 1 + (passages.length % 16)) continue;
    passages.push(parts.join(". "));
    parts = [];
    if (passages.length === count) break;
  }
  return passages.sort((x, y) => x.length - y.length);
}

/** Seconds of CPU of this process, all threads. */
async function cpuOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
