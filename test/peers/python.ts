import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import type { Metric } from "../../worker/core/format/constants.ts";
import type { Printed } from "./notebook/printed.ts";
import type { Peers } from "./venv.ts";

/** Items and their distances, as Annoy gives them. */
export type Nearest = readonly [items: readonly number[], distances: readonly number[]];

export interface FileAnswers {
  readonly items: number;
  readonly trees: number;
  readonly byVector: readonly Nearest[];
  readonly byItem: readonly Nearest[];
  readonly vectors: readonly (readonly number[])[];
  readonly distances: readonly number[];
}

export interface PeerDocument {
  readonly id: string;
  readonly text: string;
  readonly metadata: Record<string, unknown>;
}
export type Scored = readonly [document: PeerDocument, score: number];

export interface FolderAnswers {
  readonly metric: Metric;
  readonly ids: readonly string[];
  /** Searches by text, with every item looked at. */
  readonly exact: readonly (readonly Scored[])[];
  readonly byText: readonly (readonly Scored[])[];
  readonly byVector: readonly (readonly Scored[])[];
  readonly byIndex: readonly (readonly Scored[])[];
  readonly mmr: readonly (readonly PeerDocument[])[];
  readonly mmrByVector: readonly (readonly PeerDocument[])[];
}

/** The calls of python/peer.py. Vectors are paths of float32 rows. */
interface Calls {
  build_file(args: {
    f: number;
    metric: Metric;
    vectors: string;
    holes: readonly number[];
    trees: number;
    seed: number;
    jobs: number;
    out: string;
  }): null;
  ask_file(args: {
    f: number;
    metric: Metric;
    path: string;
    queries: string;
    items: readonly number[];
    k: number;
    search_k: number;
  }): FileAnswers;
  save_folder(args: {
    f: number;
    metric: Metric;
    vectors: string;
    texts: readonly string[];
    metadatas: readonly object[];
    trees: number;
    out: string;
  }): string[];
  ask_folder(args: {
    f: number;
    folder: string;
    vectors: string;
    texts: readonly string[];
    items: readonly number[];
    k: number;
    fetch_k: number;
    lambda_mult: number;
    every: number;
  }): FolderAnswers;
  play_notebook(args: {
    f: number;
    vectors: string;
    texts: readonly string[];
    speech: string;
    folder: string;
  }): Printed;
  split_speech(args: { speech: string }): string[];
  versions(args: { packages: readonly string[] }): Record<string, string>;
}

export interface PythonPeer {
  call<Name extends keyof Calls>(
    name: Name,
    args: Parameters<Calls[Name]>[0],
  ): Promise<ReturnType<Calls[Name]>>;
}

const SCRIPT = fileURLToPath(new URL("./python/peer.py", import.meta.url));

/**
 * Python's side: started by the first call, which are answered one after the other, and ended with the test file's suite.
 *
 * @param peers undefined where the tests are skipped, and nothing is called
 * @param path is searched for modules first
 */
export function usePython(peers: Peers | undefined, path?: string): PythonPeer {
  let running: Running | undefined;
  let last: Promise<unknown> = Promise.resolve();
  afterAll(() => running?.end());
  return {
    call(name, args) {
      running ??= start(peers!.python, path);
      const { exchange } = running;
      const answer = last.then(() => exchange({ call: name, with: args }));
      last = answer.catch(() => {});
      // The script's functions return what Calls says.
      return answer as Promise<ReturnType<Calls[typeof name]>>;
    },
  };
}

interface Running {
  exchange(request: object): Promise<unknown>;
  end(): void;
}

function start(python: string, path: string | undefined): Running {
  const child = spawn(python, [SCRIPT], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...(path !== undefined && { PYTHONPATH: path }) },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async exchange(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`Python ended early:\n${said}`);
      const { result, error } = JSON.parse(value) as { result?: unknown; error?: string };
      if (error !== undefined) throw new Error(`${error}\n${said}`);
      return result;
    },
    end: () => child.stdin.end(),
  };
}
