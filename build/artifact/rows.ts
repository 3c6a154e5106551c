const BLOCK_BYTES = 8 << 20;

/** Takes vectors as they come. */
export interface RowSink {
  /** A new row to write all numbers of, before the next one is asked for. */
  next(): Float32Array;
}

/** Vectors gathered before their number is known, then laid out row after row in shared memory. */
export interface RowStore extends RowSink {
  /** All rows in one shared buffer, which worker threads see without a copy. Empties the store. */
  finish(): Float32Array<SharedArrayBuffer>;
}

/** Blocks instead of one growing buffer: nothing is copied until the end, and blocks go as they are copied. */
export function createRows(dimensions: number): RowStore {
  const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / (4 * dimensions)));
  const blocks: (Float32Array | undefined)[] = [];
  let count = 0;
  return {
    next() {
      const at = count % perBlock;
      if (at === 0) blocks.push(new Float32Array(perBlock * dimensions));
      count++;
      return blocks.at(-1)!.subarray(at * dimensions, (at + 1) * dimensions);
    },
    finish() {
      const all = new Float32Array(new SharedArrayBuffer(count * dimensions * 4));
      for (let i = 0; i < blocks.length; i++) {
        const start = i * perBlock * dimensions;
        all.set(blocks[i]!.subarray(0, all.length - start), start);
        blocks[i] = undefined;
      }
      blocks.length = 0;
      count = 0;
      return all;
    },
  };
}
