import { type RequestMemory, requestMemory, type Share } from "../core/format/request-memory.ts";
import type { Work } from "../core/format/work.ts";
import { monotonicNow } from "../core/time/clock.ts";
import { HttpError } from "./problems.ts";

/** Memory that one request takes until it is answered. */
export interface Reservation {
  /**
   * Adds bytes.
   *
   * @throws HttpError `ISOLATE_BUSY` when the requests in flight would take more than there is room for, `TIMEOUT` when the
   *   request has been answered: what still runs of it is of no use, and nothing would give its bytes back
   */
  reserve(bytes: number): void;
  /** Work whose bytes count as well, and of which none is done once the request has been answered. */
  counting(work: Work): Work;
  readonly bytes: number;
  /** Gives back all but so many of the bytes, and takes no more. Called again, it says that these are still in use. */
  keep(bytes: number): void;
  release(): void;
}

/** Counts the bytes of a request. One that is alone is let through whatever it takes: it has limits of its own. */
export function openReservation({ shares, fits }: RequestMemory = requestMemory): Reservation {
  const own: Share = { bytes: 0, since: monotonicNow() };
  let isClosed = false;
  const requireOpen = (): void => {
    if (isClosed) throw new HttpError("TIMEOUT", "The request was answered before all of it was done.");
  };
  const reserve = (bytes: number): void => {
    requireOpen();
    if (!fits(bytes, own, monotonicNow())) throw busy();
    own.bytes += bytes;
    shares.add(own);
  };
  return {
    reserve,
    counting: (work) => ({
      ...work,
      share: own,
      hold(of, part, bytes) {
        work.hold(of, part, bytes);
        reserve(bytes);
      },
      spend(kind, units) {
        requireOpen();
        work.spend(kind, units);
      },
      done(kind, units) {
        requireOpen();
        work.done(kind, units);
      },
    }),
    get bytes() {
      return own.bytes;
    },
    keep(bytes) {
      isClosed = true;
      own.bytes = bytes;
      own.since = monotonicNow();
    },
    release() {
      isClosed = true;
      shares.delete(own);
    },
  };
}

function busy(): HttpError {
  const message = "The requests that are being answered here take all memory there is for them. Try again.";
  return new HttpError("ISOLATE_BUSY", message, { "retry-after": "1" });
}
