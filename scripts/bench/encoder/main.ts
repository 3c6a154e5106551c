import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { loadKernel } from "../../../build/embedding/encoder/kernel/load.ts";
import { openEncoder } from "../../../worker/core/embedding/encoder/encoder.ts";
import { columns } from "../../cli/describe.ts";
import { wholeNumber } from "../../cli/run.ts";
import { cpuMs, medians } from "../clock.ts";
import { print, ROOT, tool } from "../tool.ts";
import { wordNetTexts } from "../wordnet.ts";
import { startWorkerd } from "../workerd.ts";
import { openOnnx } from "./onnx.ts";

/** Eight tokens with those around it. */
const QUERY = "how do i cook rice quickly";
/** Queries of a round. */
const TIMES = 200;

const {
  encoder: encoderFile,
  onnx,
  tokenizer,
  texts,
  rounds,
} = tool(
  "bench:encoder",
  "Measures CPU of a query in workerd; with --onnx, of encoding passages beside onnxruntime-node.",
)
  .option("--encoder <file>", "another encoder file", join(ROOT, "artifacts/encoder-en/encoder.bin"))
  .option("--onnx <file>", "model.onnx of all-MiniLM-L6-v2 in int8")
  .option("--tokenizer <file>", "its tokenizer.json")
  .option(
    "--texts <n>",
    "passages to encode: WordNet's definitions, one to sixteen to a passage",
    wholeNumber(1),
    400,
  )
  .option("--rounds <n>", "rounds, in turn", wholeNumber(1), 5)
  .parse()
  .opts<{ encoder: string; onnx?: string; tokenizer?: string; texts: number; rounds: number }>();

if (onnx && tokenizer) await measurePassages(onnx, tokenizer);
else await measureQueries();

/** Measures a query of 8 tokens with both kernels. Linux alone counts the CPU. */
async function measureQueries(): Promise<void> {
  await using workerd = await startWorkerd({ entry: join(import.meta.dirname, "query-worker.js") });
  await fetch(workerd.url, { method: "POST", body: await openAsBlob(encoderFile) });
  const ask = async (kernel: string) => {
    const query = new URLSearchParams({ kernel, query: QUERY, times: String(TIMES) });
    const response = await fetch(`${workerd.url}/?${query}`);
    return (await response.json()) as { tokens: number; memoryBytes: number };
  };
  const kernels = ["relaxed", "plain"];
  const found = await medians(
    kernels.map((kernel) => async () => {
      const before = workerd.cpuSeconds();
      await ask(kernel);
      return (1000 * (workerd.cpuSeconds() - before)) / TIMES;
    }),
    rounds,
  );
  const rows = [["SIMD", "tokens", "CPU a query", "memory"]];
  for (const [i, kernel] of kernels.entries()) {
    const { tokens, memoryBytes } = await ask(kernel);
    const cells = [`${found[i]!.toFixed(2)} ms`, `${(memoryBytes / 1e6).toFixed(1)} MB`];
    rows.push([kernel, String(tokens), ...cells]);
  }
  print(columns(rows, [0]));
}

/** Tokens a second of CPU on one thread, ours with its tokenizer, onnxruntime-node with ids made beforehand. */
async function measurePassages(model: string, tokenizerFile: string): Promise<void> {
  const passages = await readPassages(texts);
  const hub = new Tokenizer(JSON.parse(await readFile(tokenizerFile, "utf8")), {});
  const encoder = openEncoder(await readFile(encoderFile), await loadKernel());
  const ids = passages.map((text) => hub.encode(text).ids.slice(0, encoder.maxTokens));
  const tokens = ids.reduce((sum, { length }) => sum + length, 0);
  const run = await openOnnx(model);
  const out = new Float32Array(passages.length * encoder.identity.dimensions);
  const ways = [() => encoder.embedPassagesInto(passages, out), () => run(ids)];
  const times = await medians(
    ways.map((way) => () => cpuMs(way)),
    rounds,
  );
  const [ours, theirs] = times.map((ms) => (1000 * tokens) / ms);
  const rows = [
    ["this encoder", ours!.toFixed(0)],
    ["onnxruntime-node", theirs!.toFixed(0)],
    ["ratio", (ours! / theirs!).toFixed(2)],
  ];
  const head = `${passages.length} passages, ${tokens} tokens, one thread each, tokens a second of CPU`;
  print(`${head}\n${columns(rows, [0])}`);
}

/** Passages by length, from 10 to some 250 tokens: a definition, two, up to sixteen. */
async function readPassages(count: number): Promise<string[]> {
  const definitions = await wordNetTexts();
  let next = 0;
  const passages = Array.from({ length: count }, (_, i) => {
    const parts = definitions.slice(next, next + 1 + (i % 16));
    next += parts.length;
    return parts.join(". ");
  });
  return passages.sort((x, y) => x.length - y.length);
}
