import { Agent, request } from "node:http";
import { percentile } from "../../build/numeric/statistics.ts";

export interface DriveOptions {
  readonly url: string;
  readonly connections: number;
  /** Bodies that are posted in turn. */
  readonly bodies: readonly string[];
  /** Ends the load. */
  readonly signal?: AbortSignal;
  /** Requests after which it ends. */
  readonly most?: number;
}

/** Result of a load. Times in milliseconds, from sending to the last byte. */
export interface LoadResult {
  readonly requests: number;
  readonly errors: number;
  /** Count of each kind of error. */
  readonly errorKinds: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Posts to a server over a fixed number of connections, each sending its next request when it has its answer. An answer
 * other than 200 and a broken connection are errors.
 */
export async function drive(options: DriveOptions): Promise<LoadResult> {
  const { url, connections, bodies, signal, most = Number.POSITIVE_INFINITY } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const errorKinds: Record<string, number> = {};
  let next = 0;
  const began = performance.now();
  const connection = async (): Promise<void> => {
    while (next < most && !signal?.aborted) {
      const body = bodies[next++ % bodies.length]!;
      const started = performance.now();
      const outcome = await post(agent, url, body);
      if (outcome === "200") times.push(performance.now() - started);
      else errorKinds[outcome] = (errorKinds[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  return {
    requests: times.length,
    errors: Object.values(errorKinds).reduce((sum, count) => sum + count, 0),
    errorKinds,
    seconds,
    perSecond: times.length / seconds,
    p50: percentile(times, 0.5),
    p90: percentile(times, 0.9),
    p99: percentile(times, 0.99),
    max: times.at(-1) ?? 0,
  };
}

/** Posts JSON; returns the status, or the code of what went wrong. */
function post(agent: Agent, url: string, body: string): Promise<string> {
  return new Promise((resolve) => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const sent = request(url, { agent, method: "POST", headers }, (response) => {
      response.on("error", failed).on("end", () => resolve(String(response.statusCode)));
      response.resume();
    });
    sent.on("error", failed).end(body);
  });
}
