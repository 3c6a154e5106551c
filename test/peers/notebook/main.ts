import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  createTransformersEmbedder,
  loadTransformers,
} from "../../../build/embedding/providers/transformers.ts";
import { installTransformers } from "../../transformers/setup.ts";
import { prepareModel } from "../venv.ts";
import { startWorker } from "../worker.ts";
import { playHere, playOverHttp } from "./play.ts";
import { PRINTED, type Printed } from "./printed.ts";
import { DIMENSIONS, KeptEmbeddings, notebookTexts, readVectors, SPEECH, writeVectors } from "./vectors.ts";

// `npm run peers:notebook [-- --write]`: the notebook with its own model, all-mpnet-base-v2, which is fetched and put
// together first (4 GB with what runs it). Played by Python with HuggingFaceEmbeddings; and, with the model as ONNX behind the
// embedder `huggingface`, by our store and over the Worker. Prints the page's numbers beside theirs. `--write` keeps
// Python's vectors as the fixture of notebook.test.ts.

const run = promisify(execFile);
const script = fileURLToPath(new URL("../python/model.py", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "annoy-edge-notebook-"));
try {
  const { python, model } = await prepareModel();
  const call = (...args: string[]) => run(python, [script, ...args], { maxBuffer: 1 << 26 });
  const texts = await notebookTexts();

  await writeFile(join(folder, "texts.json"), JSON.stringify(texts));
  await call("embed", model, join(folder, "texts.json"), join(folder, "vectors.f32"));
  const theirs = await readVectors(join(folder, "vectors.f32"));
  await call("play", model, SPEECH, join(folder, "theirs"), join(folder, "printed.json"));
  const byPython = JSON.parse(await readFile(join(folder, "printed.json"), "utf8")) as Printed;

  const library = await loadTransformers(await installTransformers());
  if (!library) throw new Error("@huggingface/transformers is not installed.");
  const embedder = await createTransformersEmbedder({ provider: "huggingface", model }, library);
  const ours = Float32Array.from((await embedder.embedDocuments(texts)).flat());
  const kept = new KeptEmbeddings(texts, ours);
  const here = await playHere(kept, SPEECH, folder);
  const worker = await startWorker(folder, "texts", {
    documents: [{ pageContent: "first" }],
    embedder: "static",
  });
  const overHttp = await playOverHttp(kept, SPEECH, worker).finally(() => worker.close());

  let farthest = 0;
  for (const [i, value] of theirs.entries()) farthest = Math.max(farthest, Math.abs(value - ours[i]!));
  console.log(
    `${texts.length} vectors of ${DIMENSIONS}: Python's and ours differ by at most ${farthest.toExponential(1)}\n`,
  );
  console.log("| cell | document | the page | Python | here | Worker |\n|---|---|---|---|---|---|");
  for (const [cell, lines] of Object.entries({ ...byPython, ...PRINTED } as Printed)) {
    for (const [i, line] of lines.entries()) {
      if (typeof line === "string") continue;
      const [name] = line;
      const page = (PRINTED as Printed)[cell]?.[i];
      const columns = [page, byPython[cell]?.[i], here[cell]?.[i], overHttp[cell]?.[i]].map((found) =>
        !found || typeof found === "string"
          ? "–"
          : `${found[1].toFixed(7)}${found[0] === name ? "" : " (another)"}`,
      );
      console.log(`| ${cell} | ${name.slice(0, 40).replaceAll(/\s+/g, " ")} | ${columns.join(" | ")} |`);
    }
  }
  if (process.argv.includes("--write")) await writeVectors(theirs);
} finally {
  await rm(folder, { recursive: true, force: true });
}
