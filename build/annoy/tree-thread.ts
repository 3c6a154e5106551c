import { parentPort, workerData } from "node:worker_threads";
import { openRows } from "./rows.ts";
import { type TreeWork, treeGrower } from "./tree-work.ts";

const port = parentPort;
if (!port) throw new Error("This module runs on a worker thread.");

const work = workerData as TreeWork; // what growTrees started the thread with
const grow = treeGrower(work, openRows(work.rows));
port.on("message", (number: number) => {
  const tree = grow(number);
  port.postMessage({ number, tree }, [
    tree.nodes.buffer,
    tree.lists.buffer,
    tree.offsets.buffer,
    tree.planes.buffer,
  ]);
});
