import { closeSync, fstatSync, openSync } from "node:fs";
import { readRangeSync } from "../artifact/file-bytes.ts";
import { messageOf } from "../settings/errors.ts";
import { AnnoyFileError } from "./errors.ts";

/** Bytes that can be read by range: a file, or a buffer. */
export interface ByteSource {
  readonly size: number;
  /** For messages. */
  readonly name: string;
  /** Fills `target` from `offset`; both lie within the source. */
  read(offset: number, target: Uint8Array): void;
  close(): void;
}

export function bufferSource(bytes: Uint8Array, name = "The Annoy index"): ByteSource {
  return {
    size: bytes.byteLength,
    name,
    read: (offset, target) => target.set(bytes.subarray(offset, offset + target.byteLength)),
    close: () => {},
  };
}

/** @throws AnnoyFileError `ANNOY_UNREADABLE` */
export function fileSource(path: string): ByteSource {
  let fd: number;
  let size: number;
  try {
    fd = openSync(path, "r");
    const stat = fstatSync(fd);
    if (!stat.isFile()) {
      closeSync(fd);
      throw new Error("not a file");
    }
    size = stat.size;
  } catch (cause) {
    throw new AnnoyFileError("ANNOY_UNREADABLE", `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
  return {
    size,
    name: path,
    read(offset, target) {
      if (readRangeSync(fd, target, offset) < target.byteLength)
        throw new AnnoyFileError("ANNOY_UNREADABLE", `${path} became shorter while it was read.`);
    },
    close: () => closeSync(fd),
  };
}

const WINDOW_BYTES = 1 << 22;

/**
 * Fixed-size nodes of a source, through a window of a few megabytes: files larger than memory can be checked and
 * copied from. Every field of every layout starts on a multiple of four bytes, so nodes are read as 32-bit words.
 */
export class NodeReader {
  readonly count: number;
  /** The window, as words; valid until the next {@link at}. */
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  private readonly source: ByteSource;
  private readonly nodeBytes: number;
  private readonly perWindow: number;
  private readonly bytes: Uint8Array;
  private start = 0;
  private end = 0;

  constructor(source: ByteSource, nodeBytes: number) {
    this.source = source;
    this.nodeBytes = nodeBytes;
    this.count = Math.floor(source.size / nodeBytes);
    this.perWindow = Math.min(this.count, Math.max(1, Math.floor(WINDOW_BYTES / nodeBytes)));
    const buffer = new ArrayBuffer(this.perWindow * nodeBytes);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
  }

  /** Brings node `i` into the window and returns the index of its first word. */
  at(i: number): number {
    if (i < this.start || i >= this.end) {
      // Backwards (the search for roots), a window that ends with the node; else one that starts with it.
      const backwards = i < this.start && i === this.start - 1;
      this.start = backwards ? Math.max(0, i - this.perWindow + 1) : i;
      this.end = Math.min(this.count, this.start + this.perWindow);
      const length = (this.end - this.start) * this.nodeBytes;
      this.source.read(this.start * this.nodeBytes, this.bytes.subarray(0, length));
    }
    return ((i - this.start) * this.nodeBytes) >>> 2;
  }
}
