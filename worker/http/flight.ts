import { FLIGHT_BYTES } from "../core/format/budget.ts";
import type { Work } from "../core/format/work.ts";
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
  /** Gives back all but so many of the bytes, and takes no more. */
  keep(bytes: number): void;
  leave(): void;
}

/** Memory of the requests in flight. */
export interface Flight {
  enter(): Passage;
  /** Bytes that requests hold at the moment. */
  readonly bytes: number;
}

/** A request that is older is gone: the runtime drops one whose client hung up without running its `finally`. */
const GONE_MS = 60_000;

/** Counts the bytes of requests in flight. A request that is alone is let through whatever it takes: it has limits of its own. */
export function createFlight(most: number = FLIGHT_BYTES): Flight {
  const passages = new Set<{ bytes: number; readonly since: number }>();
  const total = (): number => {
    let sum = 0;
    for (const { bytes } of passages) sum += bytes;
    return sum;
  };
  const forgetGone = (): void => {
    const before = Date.now() - GONE_MS;
    for (const passage of passages) if (passage.since < before) passages.delete(passage);
  };
  return {
    get bytes() {
      return total();
    },
    enter() {
      const own = { bytes: 0, since: Date.now() };
      let isDone = false;
      const requireHere = (): void => {
        if (isDone) throw new HttpError("TIMEOUT", "The request was answered before all of it was done.");
      };
      const hold = (bytes: number): void => {
        requireHere();
        const isOver = () => total() + bytes > most && total() > own.bytes;
        if (isOver()) forgetGone();
        if (isOver()) throw busy();
        own.bytes += bytes;
        passages.add(own);
      };
      return {
        hold,
        counting: (work) => ({
          ...work,
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
        },
        leave() {
          isDone = true;
          passages.delete(own);
        },
      };
    },
  };
}

function busy(): HttpError {
  const message = "The requests that are being answered here take all memory there is for them. Try again.";
  return new HttpError("ISOLATE_BUSY", message, { "retry-after": "1" });
}
