import { REQUEST_BYTES } from "./budget.ts";

/** Memory that a request, or a step of it, takes for a while. */
export interface Share {
  bytes: number;
  /** Milliseconds of the clock at which it last gave a sign of life. */
  since: number;
  /** Share of the request that it is a step of. */
  readonly request?: Share | undefined;
}

/** Memory of an isolate's requests: what all of them hold at the moment. */
export interface RequestMemory {
  readonly shares: Set<Share>;
  readonly bytes: number;
  /** Whether a request may take so many bytes more: they fit, or it is alone. It has limits of its own. */
  fits(bytes: number, request: Share | undefined, now: number): boolean;
}

/** A request that gave no sign of life for longer is gone: the runtime drops one whose client hung up without its `finally`. */
const GONE_MS = 60_000;

export function createRequestMemory(most: number = REQUEST_BYTES): RequestMemory {
  const shares = new Set<Share>();
  const sumOf = (wanted: (share: Share) => boolean): number => {
    let sum = 0;
    for (const share of shares) if (wanted(share)) sum += share.bytes;
    return sum;
  };
  return {
    shares,
    get bytes() {
      return sumOf(() => true);
    },
    fits(bytes, own, now) {
      const isRoom = () =>
        sumOf(() => true) + bytes <= most ||
        sumOf((share) => share !== own && (!own || share.request !== own)) === 0;
      if (isRoom()) return true;
      for (const share of shares) if (now - share.since > GONE_MS) shares.delete(share);
      return isRoom();
    },
  };
}

/** Memory of this isolate's requests, of all applications and indexes. */
export const requestMemory = createRequestMemory();
