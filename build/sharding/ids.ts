import { hash } from "node:crypto";

/** 32-bit words kept of an id's hash: of a billion ids no two agree in 128 bits. */
const WORDS = 4;

/** Remembers which ids there were, in about 32 bytes an id however long they are. */
export function createIdSet(): { has(id: string): boolean; add(id: string): void } {
  let slots = 1 << 12;
  let table = new Uint32Array(slots * WORDS);
  let count = 0;
  /** The slot that holds the hash, or the free one where it belongs. An empty slot is all zeros, as no hash is. */
  const find = (words: Uint32Array): number => {
    for (let slot = words[0]! & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
      const at = slot * WORDS;
      let same = true;
      let empty = true;
      for (let w = 0; w < WORDS; w++) {
        if (table[at + w] !== words[w]) same = false;
        if (table[at + w] !== 0) empty = false;
      }
      if (same || empty) return at;
    }
  };
  const isFree = (at: number) => {
    for (let w = 0; w < WORDS; w++) if (table[at + w] !== 0) return false;
    return true;
  };
  const grow = () => {
    const old = table;
    slots *= 2;
    table = new Uint32Array(slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const words = old.subarray(at, at + WORDS);
      if (words.some((word) => word !== 0)) table.set(words, find(words));
    }
  };
  return {
    has: (id) => !isFree(find(hashOf(id))),
    add(id) {
      const words = hashOf(id);
      const at = find(words);
      if (!isFree(at)) return;
      table.set(words, at);
      if (++count * 2 > slots) grow();
    },
  };
}

function hashOf(id: string): Uint32Array {
  const bytes = hash("sha256", id, "buffer");
  const words = new Uint32Array(WORDS);
  for (let w = 0; w < WORDS; w++) words[w] = bytes.readUInt32LE(4 * w);
  return words;
}
