import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

/** Largest read of one call; the system moves at most 2 GiB, and may move less than it was asked to. */
const STEP_BYTES = 1 << 28;

/** Reads a range of a file, in as many calls as it takes; shorter than `length` only where the file ends. */
export async function readRange(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, STEP_BYTES), offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Fills `target` from an offset of a file; returns the bytes read, fewer than wanted only where the file ends. */
export function readRangeSync(fd: number, target: Uint8Array, offset: number): number {
  let done = 0;
  while (done < target.byteLength) {
    const n = readSync(fd, target, done, Math.min(target.byteLength - done, STEP_BYTES), offset + done);
    if (n === 0) break;
    done += n;
  }
  return done;
}
