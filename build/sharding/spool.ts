import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { RowSink } from "../artifact/rows.ts";

/** Rows of float32 in a file: written one after the other, then read and changed by ranges. */
export interface Spool extends RowSink {
  readonly dimensions: number;
  readonly count: number;
  /** Adds rows that lie one after the other. */
  append(rows: Float32Array): void;
  /** Fills `out` with the rows from number `first` on; its length says how many. */
  read(first: number, out: Float32Array): void;
  /** Replaces the rows from number `first` on. */
  write(first: number, rows: Float32Array): void;
  /** All rows in order, some at a time, in a buffer that the next ones overwrite. */
  blocks(): Generator<{ readonly first: number; readonly rows: Float32Array }>;
  close(): void;
}

const BLOCK_BYTES = 4 << 20;

/**
 * Opens a new file of rows. Calls are synchronous: rows come by the million, and a wait for each would cost more than
 * the disk does.
 *
 * @param blockBytes memory that it takes while it is written
 */
export function createSpool(path: string, dimensions: number, blockBytes = BLOCK_BYTES): Spool {
  const file = openSync(path, "wx+");
  const rowBytes = dimensions * 4;
  const perBlock = Math.max(1, Math.floor(blockBytes / rowBytes));
  const pending = new Float32Array(perBlock * dimensions);
  let count = 0;
  let written = 0;
  const flush = () => {
    if (written === count) return;
    transfer(writeSync, file, pending.subarray(0, (count - written) * dimensions), written * rowBytes, path);
    written = count;
  };
  const next = () => {
    if (count - written === perBlock) flush();
    const at = (count++ - written) * dimensions;
    return pending.subarray(at, at + dimensions);
  };
  const read = (first: number, out: Float32Array) => {
    flush();
    transfer(readSync, file, out, first * rowBytes, path);
  };
  return {
    dimensions,
    get count() {
      return count;
    },
    next,
    append(rows) {
      for (let at = 0; at < rows.length; at += dimensions) next().set(rows.subarray(at, at + dimensions));
    },
    read,
    write(first, rows) {
      flush();
      transfer(writeSync, file, rows, first * rowBytes, path);
    },
    *blocks() {
      const most = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
      const block = new Float32Array(most * dimensions);
      for (let first = 0; first < count; first += most) {
        const rows = block.subarray(0, Math.min(most, count - first) * dimensions);
        read(first, rows);
        yield { first, rows };
      }
    },
    close: () => closeSync(file),
  };
}

type Transfer = (file: number, bytes: Uint8Array, offset: number, length: number, position: number) => number;

/** One call moves at most 2 GiB, and may move less than it was asked to. */
function transfer(call: Transfer, file: number, floats: Float32Array, position: number, path: string): void {
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const moved = call(file, bytes, at, Math.min(bytes.length - at, 1 << 28), position + at);
    if (moved === 0) throw new Error(`${path} ends at byte ${position + at}.`);
    at += moved;
  }
}
