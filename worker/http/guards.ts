import { createWork } from "../core/format/work.ts";
import { within } from "../core/time/wait.ts";
import { answerHeaders } from "./headers.ts";
import { problemResponse } from "./problem-response.ts";
import { HttpError } from "./problems.ts";
import { requestLog } from "./request-log.ts";
import { openReservation } from "./reservation.ts";
import { sent } from "./sending.ts";
import type { AppContext, Middleware, Service } from "./types.ts";

type Answer = (c: AppContext) => Response | Promise<Response>;

/** `api`: what lies under `/v1`, and `/mcp`, which keys and limits guard; `open`: everything else. */
export type Guard = "api" | "open";

const chains = new WeakMap<Service, Readonly<Record<Guard, readonly Middleware[]>>>();

/**
 * A handler behind the middleware of the service that answers. It runs around the handler alone, so that nothing of it
 * reaches the other paths of an application that this one is mounted in, nor the errors their handlers.
 *
 * @param pattern the path as it is registered; undefined for what has none
 */
export function guarded(
  serviceOf: (c: AppContext) => Service,
  guard: Guard,
  answer: Answer,
  pattern?: string,
): Answer {
  return async (c) => {
    const service = serviceOf(c);
    const reservation = openReservation();
    const { reserve, counting, release } = reservation;
    c.set("annoyEdge", { service, pattern, timings: new Map(), work: counting(createWork()), reserve });
    let chain = chains.get(service);
    if (!chain) {
      chain = chainsOf(service);
      chains.set(service, chain);
    }
    try {
      await run(c, chain[guard], answer);
      return await sent(c, reservation);
    } catch (error) {
      release();
      throw error;
    }
  };
}

function chainsOf({ log = "off", analytics, cors, limits, auth, rateLimit, limitRefusals }: Service) {
  const open: Middleware[] = [
    ...(log !== "off" || analytics ? [requestLog({ level: log, analytics })] : []),
    answerHeaders(),
    ...(cors ? [unlessAsked(cors)] : []),
  ];
  const api = [
    ...open,
    timeLimit(limits?.requestTimeout ?? REQUEST_TIMEOUT),
    ...(auth && limitRefusals ? [limitRefusals] : []),
    ...(auth ? [auth] : []),
    ...(rateLimit ? [rateLimit] : []),
  ];
  return { open, api };
}

/** CORS would answer every OPTIONS itself; those that are no browser's preflight ask what the path takes. */
function unlessAsked(cors: Middleware): Middleware {
  return (c, next) =>
    c.req.method === "OPTIONS" && !c.req.header("access-control-request-method") ? next() : cors(c, next);
}

/** Runs middleware in turn, then the handler. An error becomes an answer where it is thrown, so that those before see it. */
async function run(c: AppContext, chain: readonly Middleware[], answer: Answer): Promise<Response> {
  const dispatch = async (position: number): Promise<void> => {
    const middleware = chain[position];
    try {
      const response = middleware ? await middleware(c, () => dispatch(position + 1)) : await answer(c);
      if (response) c.res = response;
    } catch (error) {
      c.res = problemResponse(c, error);
    }
  };
  await dispatch(0);
  return c.res;
}

/**
 * Milliseconds that an answer may take, over HTTP and over a service binding. Longer than a cold load may take (25 s), so
 * that its own, more telling error comes first.
 */
export const REQUEST_TIMEOUT = 30_000;

/** Answers with a problem when the rest takes longer than `milliseconds`: a request never hangs. */
export function timeLimit(milliseconds: number): Middleware {
  return async function timeLimit(_, next) {
    await within(next(), milliseconds, () => {
      const message = `The answer took longer than ${milliseconds / 1000} s. Try again.`;
      throw new HttpError("TIMEOUT", message, { "retry-after": "5" });
    });
  };
}
