import { type RequestMemory, requestMemory, type Share } from "../core/format/request-memory.ts";
import type { Work } from "../core/format/work.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { HttpError } from "./problems.ts";

/** Passage of one request through the isolate. */
export interface Passage {
  /**
   * Counts bytes that the request takes until it leaves.
   *
   * @throws HttpError `ISOLATE_BUSY` when the requests in flight would take more than there is room for, `TIMEOUT` when it has
   *   left: what still runs of it is of no use, and nothing would give its bytes back
   */
  hold(bytes: number): void;
  /** Work whose bytes count as well, and of which none is done once the request has left. */
  counting(work: Work): Work;
  /** Bytes that it holds. */
  readonly bytes: number;
  /** Gives back all but so many of the bytes, and takes no more. Called again, it says that these are still in use. */
  keep(bytes: number): void;
  leave(): void;
}

/** A request that gave no sign of life for longer is gone: the runtime drops one whose client hung up without its `finally`. */
const GONE_MS = 60_000;

/** Counts the bytes of a request. One that is alone is let through whatever it takes: it has limits of its own. */
export function enterFlight({ shares, fits }: RequestMemory = requestMemory): Passage {
  const own: Share = { bytes: 0, since: monotonicNow() };
  let isDone = false;
  const requireHere = (): void => {
    if (isDone) throw new HttpError("TIMEOUT", "The request was answered before all of it was done.");
  };
  const hold = (bytes: number): void => {
    requireHere();
    if (!fits(bytes, own)) {
      const before = monotonicNow() - GONE_MS;
      for (const share of shares) if (share.since < before) shares.delete(share);
      if (!fits(bytes, own)) throw busy();
    }
    own.bytes += bytes;
    shares.add(own);
  };
  return {
    hold,
    counting: (work) => ({
      ...work,
      share: own,
      hold(of, part, bytes) {
        work.hold(of, part, bytes);
        hold(bytes);
      },
      spend(kind, units) {
        requireHere();
        work.spend(kind, units);
      },
      done(kind, units) {
        requireHere();
        work.done(kind, units);
      },
    }),
    get bytes() {
      return own.bytes;
    },
    keep(bytes) {
      isDone = true;
      own.bytes = bytes;
      own.since = monotonicNow();
    },
    leave() {
      isDone = true;
      shares.delete(own);
    },
  };
}

function busy(): HttpError {
  const message = "The requests that are being answered here take all memory there is for them. Try again.";
  return new HttpError("ISOLATE_BUSY", message, { "retry-after": "1" });
}
