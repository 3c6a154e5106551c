/** Lines lie one behind the other in pieces of this size, longer ones in pieces of their own. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** Lines in memory: 12 bytes each beside their own, where a Buffer for each would take hundreds. */
export interface KeptLines {
  add(item: number, line: Uint8Array): void;
  /** Empty for an item without a line. */
  get(item: number): Uint8Array;
}

export function createKeptLines(nItems: number): KeptLines {
  const pieces: Buffer[] = [];
  let left = 0;
  const piece = new Uint32Array(nItems);
  const start = new Uint32Array(nItems);
  const length = new Uint32Array(nItems);
  return {
    add(item, line) {
      if (line.byteLength > left) {
        left = Math.max(PIECE_BYTES, line.byteLength);
        pieces.push(Buffer.allocUnsafe(left));
      }
      const last = pieces.at(-1)!;
      piece[item] = pieces.length - 1;
      start[item] = last.byteLength - left;
      length[item] = line.byteLength;
      last.set(line, start[item]!);
      left -= line.byteLength;
    },
    get(item) {
      const from = start[item]!;
      return pieces[piece[item]!]?.subarray(from, from + length[item]!) ?? new Uint8Array(0);
    },
  };
}
