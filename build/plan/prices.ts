/** A price in US dollars a unit, above what the plan includes a month. */
export interface Price {
  readonly included: number;
  readonly usd: number;
}

/**
 * Cloudflare's published prices on the Workers Paid plan (developers.cloudflare.com: workers, r2, kv, durable-objects and
 * vectorize, each under platform/pricing; as of September 2026).
 */
export const PRICES = {
  /** Dollars a month. */
  plan: 5,
  request: { included: 10e6, usd: 0.3e-6 },
  cpuMs: { included: 30e6, usd: 0.02e-6 },
  kvRead: { included: 10e6, usd: 0.5e-6 },
  kvWrite: { included: 1e6, usd: 5e-6 },
  kvGigabyte: { included: 1, usd: 0.5 },
  classA: { included: 1e6, usd: 4.5e-6 },
  classB: { included: 10e6, usd: 0.36e-6 },
  r2Gigabyte: { included: 10, usd: 0.015 },
  objectRequest: { included: 1e6, usd: 0.15e-6 },
  /** Wall time of Durable Objects while they answer, times their 128 MB. */
  objectGigabyteSecond: { included: 400_000, usd: 12.5e-6 },
  vectorizeQueried: { included: 50e6, usd: 0.01e-6 },
  vectorizeStored: { included: 10e6, usd: 0.05e-8 },
} as const satisfies Readonly<Record<string, Price | number>>;

/** https://developers.cloudflare.com/vectorize/platform/limits/ */
export const VECTORIZE_LARGEST_INDEX = 20e6;

/** https://turbopuffer.com/pricing.md, a copy of which was read in November 2026; one of June 2026 had a minimum of $64. */
export const TURBOPUFFER = {
  minimum: 16,
  storedGigabyte: 0.33,
  /** With the discount of large batches, half of 2. */
  writtenGigabyte: 1,
  queriedPetabyte: 1,
  returnedGigabyte: 0.05,
  leastQueriedBytes: 1.28e9,
  /** Above so many bytes a query this share of the rest is billed. */
  discounts: [
    { above: 32e9, share: 0.2 },
    { above: 128e9, share: 0.04 },
  ],
} as const;

export function charge(quantity: number, { included, usd }: Price): number {
  return Math.max(0, quantity - included) * usd;
}
