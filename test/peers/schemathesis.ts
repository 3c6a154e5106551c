import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "../../build/index.ts";

const CONFIG = fileURLToPath(new URL("./schemathesis.toml", import.meta.url));

/** An index that has all that the contract speaks of: words, meanings, columns, pages of documents. */
export const SUBJECT: Omit<BuildOptions, "out" | "name"> = {
  embedder: "static",
  documents: Array.from({ length: 60 }, (_, i) => ({
    id: `doc-${i}`,
    pageContent: `${["pizza", "salad", "my car", "a dog"][i % 4]} number ${i} is great`,
    metadata: { kind: ["food", "food", "stuff", "animal"][i % 4], size: i, draft: i % 3 === 0 },
  })),
};

export interface SchemathesisOptions {
  /** Interpreter of the environment that has schemathesis. */
  readonly python: string;
  readonly url: string;
  /** Examples of each operation and phase. */
  readonly examples: number;
  readonly seed: number;
  /** Folder in which it runs, and may leave files. */
  readonly cwd: string;
  readonly onText?: (text: string) => void;
}

/** Runs all phases and checks of schemathesis by the Worker's own /openapi.json; gives its exit code and output. */
export function runSchemathesis(options: SchemathesisOptions): Promise<{ code: number; output: string }> {
  const { python, url, examples, seed, cwd, onText } = options;
  const program = join(dirname(python), "schemathesis");
  const child = spawn(
    program,
    [
      ...["--config-file", CONFIG, "run", new URL("/openapi.json", url).href],
      ...["--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"],
      ...["--max-examples", String(examples), "--seed", String(seed)],
      // A case may be slow on a machine that does other things.
      ...["--suppress-health-check", "too_slow", "--request-timeout", "30", "--no-color"],
    ],
    { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onText?.(text);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
