import { Agent, request } from "node:http";
import { percentile } from "../../../build/numeric/statistics.ts";
import { freePort, publishLocally, serve } from "../../demo/index.ts";

/** Answers to what is typed, on local workerd. Times in milliseconds from sending to the last byte, sizes in bytes. */
export interface KeystrokeReport {
  readonly keys: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Median of `GET /health` asked in turn with the keys: what the way through the local server costs by itself. */
  readonly bare50: number;
  /** Uncompressed. */
  readonly bytes50: number;
  readonly bytesMost: number;
  /** Medians of what the Worker says it spent (`Server-Timing`). */
  readonly phases: Readonly<Record<string, number>>;
}

export interface KeystrokeInput {
  /** Folder of wrangler.toml. */
  readonly root: string;
  readonly artifact: string;
  /** Name that the artifact was built under. */
  readonly name: string;
  /** Folder of the local R2 and KV. */
  readonly state: string;
  /** Queries, typed letter by letter. */
  readonly queries: readonly string[];
}

/** Typed before anything is measured: pages are read and code is compiled, as in any isolate that has served a reader. */
const WARM_UP = 5;

/** As `<annoy-search>` asks (worker/ui/element/client.js). */
const ASKED = { k: 12, prefix: true, include: ["metadata", "highlights"] };

/** Types queries into a Worker over one connection, the next letter when the answer to the one before is there. */
export async function measureKeystrokes(input: KeystrokeInput): Promise<KeystrokeReport> {
  const { root, artifact, name, state, queries } = input;
  await publishLocally(artifact, { root, persistTo: state, onProgress: () => {} });
  const server = await serve({
    root,
    port: await freePort(),
    persistTo: state,
    variables: { INDEX_NAME: name },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  const bare: number[] = [];
  const sizes: number[] = [];
  const phases = new Map<string, number[]>();
  try {
    for (const [i, query] of queries.entries()) {
      const letters = [...query];
      for (let length = 1; length <= letters.length; length++) {
        const typed = letters.slice(0, length).join("");
        if (typed.trim() === "" || typed.endsWith(" ")) continue;
        const answer = await ask(
          agent,
          `${server.url}/v1/search`,
          JSON.stringify({ query: typed, ...ASKED }),
        );
        if (i < WARM_UP) continue;
        times.push(answer.ms);
        bare.push((await ask(agent, `${server.url}/health`)).ms);
        sizes.push(answer.bytes);
        for (const [, phase = "", ms] of answer.timing.matchAll(/(\w+);dur=([\d.]+)/g)) {
          phases.set(phase, [...(phases.get(phase) ?? []), Number(ms)]);
        }
      }
    }
  } finally {
    agent.destroy();
    await server.stop();
  }
  const at = (values: number[], share: number) =>
    percentile(
      values.sort((a, b) => a - b),
      share,
    );
  return {
    keys: times.length,
    p50: at(times, 0.5),
    p90: at(times, 0.9),
    p99: at(times, 0.99),
    bare50: at(bare, 0.5),
    bytes50: at(sizes, 0.5),
    bytesMost: sizes.at(-1) ?? 0,
    phases: Object.fromEntries([...phases].map(([phase, values]) => [phase, at(values, 0.5)])),
  };
}

/** Posts a body, or gets where there is none. */
function ask(
  agent: Agent,
  url: string,
  body?: string,
): Promise<{ readonly ms: number; readonly bytes: number; readonly timing: string }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const headers =
      body === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const method = body === undefined ? "GET" : "POST";
    const sent = request(url, { agent, method, headers }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("error", reject);
      response.on("end", () => {
        const timing = String(response.headers["server-timing"] ?? "");
        if (response.statusCode === 200) resolve({ ms: performance.now() - began, bytes, timing });
        else reject(new Error(`${url} answers ${response.statusCode} to ${body ?? "a GET"}`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
