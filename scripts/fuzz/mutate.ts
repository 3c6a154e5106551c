import type { Kiss64 } from "../../build/annoy/random.ts";

/** Values that break size and range arithmetic, as 32-bit words. */
const EDGES = [
  0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff, 0x7f80_0000,
];

/** A damaged copy: one (every second time) to eight flipped bits or bytes, edge values, moved, cut or repeated pieces. */
export function mutate(bytes: Uint8Array, random: Kiss64): Uint8Array<ArrayBuffer> {
  let out: Uint8Array<ArrayBuffer> = Uint8Array.from(bytes);
  const steps = random.flip() ? 1 : 1 + random.index(8);
  for (let n = 0; n < steps && out.length > 0; n++) out = step(out, random);
  return out;
}

function step(out: Uint8Array<ArrayBuffer>, random: Kiss64): Uint8Array<ArrayBuffer> {
  const at = random.index(out.length);
  switch (random.index(10)) {
    case 0:
    case 1:
    case 2:
      out[at]! ^= 1 << random.index(8);
      return out;
    case 3:
    case 4:
      out[at] = random.index(256);
      return out;
    case 5:
    case 6: {
      const word = at & ~3;
      if (word + 4 > out.length) return out;
      const view = new DataView(out.buffer, out.byteOffset);
      const value = random.flip() ? EDGES[random.index(EDGES.length)]! : random.index(out.length);
      view.setUint32(word, value, true);
      return out;
    }
    case 7: {
      const length = Math.min(out.length - at, 1 + random.index(64));
      out.copyWithin(random.index(out.length), at, at + length);
      return out;
    }
    case 8:
      return out.slice(0, at);
    default: {
      const piece = out.slice(at, at + 1 + random.index(64));
      const longer = new Uint8Array(out.length + piece.length);
      longer.set(out.subarray(0, at));
      longer.set(piece, at);
      longer.set(out.subarray(at), at + piece.length);
      return longer;
    }
  }
}
