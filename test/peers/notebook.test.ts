import { join } from "node:path";
import { beforeAll, describe, expect, inject, test } from "vitest";
import { playHere, playOverHttp, splitSpeech } from "./notebook/play.ts";
import { PRINTED, type Printed, SPEECH_BEGINS } from "./notebook/printed.ts";
import {
  DIMENSIONS,
  KeptEmbeddings,
  notebookTexts,
  readVectors,
  SPEECH,
  VECTORS,
} from "./notebook/vectors.ts";
import { usePython } from "./python.ts";
import { temporaryFolder } from "./vectors.ts";
import { startWorker } from "./worker.ts";

const peers = inject("peers");
const folder = temporaryFolder();

/** Tolerance for scores: the page was printed by another version of the model's libraries. */
const PAGE = 1e-4;
/** Tolerance for scores of the same vectors: a distance of sqrt(2 - 2 cos) in float32. */
const EACH_OTHER = 2e-6;

/** The same texts in the same order; scores within a tolerance. */
function expectPrinted(printed: Printed, wanted: Printed, tolerance: number): void {
  for (const [cell, lines] of Object.entries(wanted)) {
    expect(printed[cell]?.length, cell).toBe(lines.length);
    for (const [i, line] of lines.entries()) {
      const found = printed[cell]![i]!;
      if (typeof line === "string") expect(found, cell).toBe(line);
      else {
        expect(found[0], cell).toBe(line[0]);
        expect(Math.abs(Number(found[1]) - line[1]), `${cell}: ${found[1]} for ${line[1]}`).toBeLessThan(
          tolerance,
        );
      }
    }
  }
}

function only(printed: Printed, cells: readonly string[]): Printed {
  return Object.fromEntries(Object.entries(printed).filter(([cell]) => cells.includes(cell)));
}

describe.runIf(peers)("the notebook of LangChain's Annoy, with vectors of its own model", () => {
  const python = usePython(peers);
  let embeddings: KeptEmbeddings;
  let byPython: Printed;
  beforeAll(async () => {
    const texts = await notebookTexts();
    embeddings = new KeptEmbeddings(texts, await readVectors());
    byPython = await python.call("play_notebook", {
      ...{ f: DIMENSIONS, vectors: VECTORS, texts, speech: SPEECH, folder: join(folder, "theirs") },
    });
  });

  test("the speech is split as Python splits it", async () => {
    const chunks = (await splitSpeech(SPEECH)).map((chunk) => chunk.pageContent);
    expect(chunks).toEqual(await python.call("split_speech", { speech: SPEECH }));
    expect(chunks.length).toBe(42);
  });

  test("Python prints what the page shows", () => {
    expectPrinted(byPython, PRINTED, PAGE);
    expect(byPython.speech![0]![0].slice(0, 100)).toBe(SPEECH_BEGINS);
  });

  test("the store prints what the page shows, and all that Python prints", async () => {
    const printed = await playHere(embeddings, SPEECH, folder);
    expectPrinted(printed, PRINTED, PAGE);
    expectPrinted(printed, byPython, EACH_OTHER);
  });

  test("the Worker answers what the page shows, and what Python prints", async () => {
    const worker = await startWorker(folder, "texts", {
      documents: [{ pageContent: "first" }],
      embedder: "static",
    });
    try {
      const printed = await playOverHttp(embeddings, SPEECH, worker);
      expect(Object.keys(printed).length).toBe(Object.keys(byPython).length - 2);
      expectPrinted(printed, only(PRINTED, Object.keys(printed)), PAGE);
      expectPrinted(printed, only(byPython, Object.keys(printed)), EACH_OTHER);
    } finally {
      await worker.close();
    }
  });
});
