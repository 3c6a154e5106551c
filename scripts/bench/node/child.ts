import { readRows } from "../data.ts";
import { K } from "../types.ts";
import type { NodePeer, Reply, Request, Searcher } from "./peer.ts";

// A process that holds one library's index, started by the bench: builds it, or opens it and answers queries.

let searcher: Searcher | undefined;
let queries = new Float32Array(0);
let dimensions = 0;
let before = 0;

process.on("message", (request: Request) => {
  answer(request).then(
    (reply) => process.send?.(reply),
    (error: Error) =>
      process.send?.({ kind: "failed", message: error.stack ?? String(error) } satisfies Reply),
  );
});

async function answer(request: Request): Promise<Reply> {
  switch (request.kind) {
    case "build": {
      const peer = await load(request.module);
      const stop = startClock();
      const bytes = await peer.build(request.set, request.folder, request.modules);
      return { kind: "built", ...stop(), bytes };
    }
    case "open": {
      const peer = await load(request.module);
      const { file, count, nQueries } = request.set;
      dimensions = request.set.dimensions;
      queries = await readRows(file, dimensions, count, nQueries);
      before = process.memoryUsage().rss;
      const began = performance.now();
      searcher = await peer.open(request.set, request.folder, request.modules);
      searcher.search(query(0), K, 100);
      return { kind: "opened", firstAnswerMs: performance.now() - began };
    }
    case "ask": {
      if (!searcher) throw new Error("Nothing is open.");
      const { setting, from, count } = request;
      searcher.tune?.(setting);
      const items = new Int32Array(count * K).fill(-1);
      const stop = startClock();
      for (let i = 0; i < count; i++) {
        const found = searcher.search(query(from + i), K, setting);
        for (let j = 0; j < found.length; j++) items[i * K + j] = found[j]!;
      }
      return { kind: "answers", ...stop(), items };
    }
    case "memory":
      return { kind: "memory", bytes: process.memoryUsage().rss - before };
  }
}

async function load(module: string): Promise<NodePeer> {
  return ((await import(module)) as { peer: NodePeer }).peer;
}

function query(i: number): Float32Array {
  const at = (i % (queries.length / dimensions)) * dimensions;
  return queries.subarray(at, at + dimensions);
}

/** Seconds on the clock, and of this process's threads. */
function startClock(): () => { cpu: number; wall: number } {
  const wall = performance.now();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1000 };
  };
}
