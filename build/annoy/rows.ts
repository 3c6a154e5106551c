import { closeSync, openSync } from "node:fs";
import { readRangeSync } from "../artifact/file-bytes.ts";
import { AnnoyFileError } from "./errors.ts";

/**
 * The vectors that trees are grown from, by item number. A row lies in `data` from index `at(item)` on, until the next
 * call of `at` (a resident store never moves it). 32-bit words: float32 numbers, or packed bits for hamming.
 */
export interface Rows {
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  /** Whether all rows stay where they are. */
  readonly resident: boolean;
  at(item: number): number;
  close(): void;
}

/** Location of rows, in a form that can be sent to a worker thread. */
export type RowsLocation =
  | { readonly kind: "memory"; readonly buffer: SharedArrayBuffer; readonly stride: number }
  | {
      readonly kind: "file";
      readonly path: string;
      /** Nodes of an Annoy file: bytes of one, and those before its vector. */
      readonly nodeBytes: number;
      readonly vectorOffset: number;
      readonly count: number;
    };

export function openRows(location: RowsLocation): Rows {
  return location.kind === "memory" ? memoryRows(location.buffer, location.stride) : fileRows(location);
}

/** Rows of `stride` words each, one after the other. */
function memoryRows(buffer: SharedArrayBuffer, stride: number): Rows {
  return {
    words: new Uint32Array(buffer),
    floats: new Float32Array(buffer),
    resident: true,
    at: (item) => item * stride,
    close: () => {},
  };
}

const BLOCK_BYTES = 1 << 16;
const CACHE_BYTES = 1 << 26;

/**
 * Rows of a file through a direct-mapped cache of 64 MB in blocks of 64 KB: a pass over ascending items reads each
 * block once, whatever the size of the file.
 */
function fileRows(location: Extract<RowsLocation, { kind: "file" }>): Rows {
  const { nodeBytes, vectorOffset, count } = location;
  const fd = openSync(location.path, "r");
  const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / nodeBytes));
  const blockBytes = perBlock * nodeBytes;
  const slots = Math.max(1, Math.min(Math.floor(CACHE_BYTES / blockBytes), Math.ceil(count / perBlock)));
  const buffer = new ArrayBuffer(slots * blockBytes);
  const bytes = new Uint8Array(buffer);
  const held = new Int32Array(slots).fill(-1);
  return {
    words: new Uint32Array(buffer),
    floats: new Float32Array(buffer),
    resident: false,
    at(item) {
      const block = Math.floor(item / perBlock);
      const slot = block % slots;
      if (held[slot] !== block) {
        const start = slot * blockBytes;
        bytes.fill(0, start, start + blockBytes);
        // The last block may be short: nothing is asked of what lies behind it.
        const end = Math.min(blockBytes, (count - block * perBlock) * nodeBytes);
        const read = readRangeSync(fd, bytes.subarray(start, start + blockBytes), block * blockBytes);
        if (read < end)
          throw new AnnoyFileError("ANNOY_UNREADABLE", `${location.path} ended while it was read.`);
        held[slot] = block;
      }
      return (slot * blockBytes + (item - block * perBlock) * nodeBytes + vectorOffset) >>> 2;
    },
    close: () => closeSync(fd),
  };
}
