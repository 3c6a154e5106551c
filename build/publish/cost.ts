/** Requests and cost of a publish. Prices: https://developers.cloudflare.com/r2/pricing/ and .../kv/platform/pricing/ */
export interface Cost {
  /** R2 class A operations: puts, multipart parts, lists. */
  readonly classA: number;
  readonly kvWrites: number;
  /** US dollars once the monthly allowances (1 million of each) are used up; within them it is nothing. */
  readonly usd: number;
  /** Share of the free plan's 1,000 KV writes a day. */
  readonly freePlanDays: number;
}

const USD_PER_CLASS_A = 4.5 / 1e6;
const USD_PER_KV_WRITE = 5 / 1e6;
const FREE_KV_WRITES_A_DAY = 1000;

/** From here on an object is uploaded in parts of {@link PART_BYTES}. */
export const MULTIPART_BYTES = 64 * 1024 * 1024;
export const PART_BYTES = 16 * 1024 * 1024;

/** R2 operations that uploading an object of this size takes: one, or creation, parts and completion. */
export function uploadOperations(bytes: number): number {
  return bytes < MULTIPART_BYTES ? 1 : Math.ceil(bytes / PART_BYTES) + 2;
}

export function estimateCost(objectBytes: readonly number[], kvWrites: number): Cost {
  const classA = objectBytes.reduce((sum, bytes) => sum + uploadOperations(bytes), 0);
  return {
    classA,
    kvWrites,
    usd: classA * USD_PER_CLASS_A + kvWrites * USD_PER_KV_WRITE,
    freePlanDays: kvWrites / FREE_KV_WRITES_A_DAY,
  };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
