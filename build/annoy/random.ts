/** Annoy's seed where none is set. */
export const DEFAULT_SEED = 1234567890987654321n;

const FACTOR = 0x9baffbed;

/**
 * Kiss64Random of Annoy's kissrandom.h (Marsaglia's 64-bit KISS: a congruential, a shift-register and a
 * multiply-with-carry generator, added), on pairs of 32-bit halves: BigInt would be slower by a factor of ten.
 */
export class Kiss64 {
  private xHigh: number;
  private xLow: number;
  private yHigh: number;
  private yLow: number;
  private zHigh: number;
  private zLow: number;
  private cHigh: number;
  private cLow: number;
  /** The number drawn last. */
  private high = 0;
  private low = 0;

  constructor(seed: bigint = DEFAULT_SEED) {
    [this.xHigh, this.xLow] = halves(seed);
    [this.yHigh, this.yLow] = halves(362436362436362436n);
    [this.zHigh, this.zLow] = halves(1066149217761810n);
    [this.cHigh, this.cLow] = halves(123456123456123456n);
  }

  /** A fair bit. */
  flip(): number {
    this.next();
    return this.low & 1;
  }

  /** A number from 0 to n - 1; n is at most 2^31. */
  index(n: number): number {
    this.next();
    // (high * 2^32 + low) mod n, sixteen bits at a time so that every product is exact.
    let r = (this.high >>> 0) % n;
    r = (r * 65536 + (this.low >>> 16)) % n;
    return (r * 65536 + (this.low & 0xffff)) % n;
  }

  private next(): void {
    this.congruential();
    this.shiftRegister();
    this.multiplyWithCarry();
    const sum = (this.xLow >>> 0) + (this.yLow >>> 0) + (this.zLow >>> 0);
    this.low = sum | 0;
    this.high = (this.xHigh + this.yHigh + this.zHigh + Math.floor(sum / 0x1_0000_0000)) | 0;
  }

  /** z = 6906969069 z + 1234567, the factor being 2^32 + FACTOR. */
  private congruential(): void {
    // 32 x 32 bits: two products of at most 48 bits, exact in double.
    const bottom = (this.zLow & 0xffff) * FACTOR;
    const top = (this.zLow >>> 16) * FACTOR + Math.floor(bottom / 65536);
    const product = (top % 65536) * 65536 + (bottom % 65536) + 1234567;
    const carry = Math.floor(top / 65536) + Math.floor(product / 0x1_0000_0000);
    this.zHigh = (Math.imul(this.zHigh, FACTOR) + this.zLow + carry) | 0;
    this.zLow = product | 0;
  }

  /** y ^= y << 13; y ^= y >> 17; y ^= y << 43. */
  private shiftRegister(): void {
    let high = this.yHigh;
    let low = this.yLow;
    high ^= (high << 13) | (low >>> 19);
    low ^= low << 13;
    low ^= (low >>> 17) | (high << 15);
    high ^= high >>> 17;
    high ^= low << 11;
    this.yHigh = high;
    this.yLow = low;
  }

  /** t = (x << 58) + c; c = x >> 6; x += t; c += x < t. */
  private multiplyWithCarry(): void {
    const tLow = this.cLow >>> 0;
    const tHigh = ((this.xLow << 26) + this.cHigh) >>> 0;
    this.cLow = (this.xLow >>> 6) | (this.xHigh << 26);
    this.cHigh = this.xHigh >>> 6;
    const low = (this.xLow >>> 0) + tLow;
    this.xLow = low | 0;
    this.xHigh = (this.xHigh + tHigh + (low > 0xffff_ffff ? 1 : 0)) | 0;
    const xHigh = this.xHigh >>> 0;
    if (xHigh < tHigh || (xHigh === tHigh && this.xLow >>> 0 < tLow)) {
      this.cLow = (this.cLow + 1) | 0;
      if (this.cLow === 0) this.cHigh = (this.cHigh + 1) | 0;
    }
  }
}

function halves(value: bigint): [high: number, low: number] {
  const bits = BigInt.asUintN(64, value);
  return [Number(bits >> 32n) | 0, Number(bits & 0xffff_ffffn) | 0];
}
