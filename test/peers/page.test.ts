import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, inject, test } from "vitest";
import { temporaryFolder } from "./vectors.ts";
import { startWorker } from "./worker.ts";

const peers = inject("peers");
const folder = temporaryFolder();
const PAGE = fileURLToPath(new URL("../../docs/langchain-python.md", import.meta.url));
const MODULES = fileURLToPath(new URL("./python/", import.meta.url));

const documents = ["pizza is great", "I love salad", "my car", "a dog"].map((pageContent, i) => ({
  ...{ id: `text-${i}`, pageContent },
  metadata: { x: ["food", "food", "stuff", "animal"][i] },
}));

describe.runIf(peers)("docs/langchain-python.md", () => {
  test("is a program for Python that prints what it says", async () => {
    const page = await readFile(PAGE, "utf8");
    const blocks = (language: string) =>
      Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms")), (match) => match[1]!);
    const worker = await startWorker(folder, "texts", { documents, codec: "float32", embedder: "static" });
    try {
      const program = blocks("python").join("\n").replace("https://search.example.com", worker.url);
      const { stdout } = await promisify(execFile)(peers!.python, ["-c", program], {
        env: { ...process.env, PYTHONPATH: MODULES, PYTHONDONTWRITEBYTECODE: "1" },
      });
      expect(stdout).toBe(blocks("text").join(""));
    } finally {
      await worker.close();
    }
  });
});
