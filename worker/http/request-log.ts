import { monotonicNow } from "../core/time/clock.ts";
import {
  type Analytics,
  type AppContext,
  type DataPoint,
  type LogLevel,
  type Middleware,
  type RequestState,
  stateOf,
} from "./types.ts";

export interface RequestLogOptions {
  readonly level: LogLevel;
  readonly analytics?: Analytics | undefined;
  readonly write?: (line: string) => void;
}

/** Fields of a request's state that are logged. What people search for is in none of them, nor who they are. */
type Logged = "version" | "problem" | "mode" | "hits" | "shards" | "position" | "fleeting" | "cache";

/** One request in one line. */
interface LogLine extends Readonly<{ [Field in Logged]-?: RequestState[Field] | undefined }> {
  readonly level: "info" | "warn" | "error";
  readonly message: string;
  readonly index: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  /** From arrival to the answer's headers; computation does not count in a deployed Worker, whose clock stands still. */
  readonly ms: number;
  readonly timings: Readonly<Record<string, number>>;
  readonly colo?: string;
  readonly ray?: string;
}

/** Writes one JSON line a request, and one data point when there is a data set for them. */
export function requestLog(options: RequestLogOptions): Middleware {
  const write = options.write ?? ((line: string) => console.log(line));
  return async function requestLog(c, next) {
    const started = monotonicNow();
    await next();
    const line = lineOf(c, monotonicNow() - started);
    if (options.level === "requests" || (options.level === "errors" && line.level === "error")) {
      write(JSON.stringify(line));
    }
    writePoint(options.analytics, dataPoint(line));
  };
}

/** Bytes of an index of a data point at most: names of several indexes have more. */
const INDEX_BYTES = 96;

/** Writes a data point, where there is a data set. What the engine refuses costs the point and never the answer. */
export function writePoint(to: Analytics | undefined, { indexes, ...rest }: DataPoint): void {
  try {
    to?.writeDataPoint({ ...rest, indexes: indexes.map((index) => index.slice(0, INDEX_BYTES)) });
  } catch (error) {
    console.error(error);
  }
}

function lineOf(c: AppContext, ms: number): LogLine {
  const { timings, service, index = service.indexes.served[0] ?? "", route = "none", ...state } = stateOf(c);
  const { version, problem, mode, hits, shards, position, fleeting, cache } = state;
  const { status } = c.res;
  // What Cloudflare knows about a request; absent in tests and behind other servers.
  const { colo } = (c.req.raw as { cf?: { colo?: unknown } }).cf ?? {};
  const ray = c.req.header("cf-ray");
  return {
    level: status >= 500 ? "error" : status >= 400 ? "warn" : "info",
    message: `${c.req.method} ${route} ${status}`,
    method: c.req.method,
    ...{ version, problem, mode, hits, shards, position, fleeting, cache },
    index,
    route,
    status,
    ms,
    timings: Object.fromEntries(timings),
    ...(typeof colo === "string" && { colo }),
    ...(ray !== undefined && { ray }),
  };
}

/** Blobs: route, method, status, version, code of the problem, mode, cache. Doubles: ms, hits, ms by phase, position (-1: none), shards asked, answered, their ms. */
function dataPoint(line: LogLine): DataPoint {
  const { timings } = line;
  return {
    indexes: [line.index],
    blobs: [
      line.route,
      line.method,
      String(line.status),
      line.version ?? "",
      line.problem ?? "",
      line.mode ?? "",
      line.cache ?? "",
    ],
    doubles: [
      line.ms,
      line.hits ?? 0,
      timings.load ?? 0,
      timings.embed ?? 0,
      timings.keyword ?? 0,
      timings.forest ?? 0,
      timings.docstore ?? 0,
      line.position ?? -1,
      line.shards?.asked ?? 0,
      line.shards?.answered ?? 0,
      timings.shards ?? 0,
    ],
  };
}
