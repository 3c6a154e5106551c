import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import { freePort } from "./port.ts";

export interface ServeOptions {
  /** Folder of wrangler.toml. */
  readonly root: string;
  /** Port; a free one by default. */
  readonly port?: number;
  /** As `wrangler dev --persist-to`; default `.wrangler/state` in the root. */
  readonly persistTo?: string;
  /** Folder of static files, in place of the one that wrangler.toml names. */
  readonly assets?: string;
  /** Variables of the Worker that differ from wrangler.toml. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Warnings and errors of the Worker, as they come. */
  readonly onLog?: (text: string) => void;
  /** Milliseconds until it must answer; default 60,000. */
  readonly patience?: number;
  /** `code`: returns when the Worker's code answers, its index not loaded. Default `index`. */
  readonly until?: "code" | "index";
}

/** A Worker that answers on this machine. */
export interface LocalServer extends AsyncDisposable {
  readonly url: string;
  /** Settles when the server has ended, by itself or by {@link LocalServer.stop}. */
  readonly ended: Promise<void>;
  /** Ends the server and everything that it started; settles when it is gone. */
  stop(): Promise<void>;
}

/** Ends the server when this process is gone. */
const GUARD = fileURLToPath(new URL("./guard.js", import.meta.url));
/** Milliseconds that the server has to end by itself before it is ended. */
const GRACE = 3000;

/**
 * Runs the Worker in workerd with local R2 and KV (`wrangler dev`), and returns when it has answered a search, so that
 * the index is loaded, unless the options say otherwise.
 *
 * @throws AnnoyEdgeError `SERVER_ENDED`, `SERVER_SILENT`
 */
export async function serve(options: ServeOptions): Promise<LocalServer> {
  const { root, persistTo, assets, variables = {}, patience = 60_000, until } = options;
  const port = options.port ?? (await freePort());
  const url = `http://localhost:${port}`;
  const child = spawn(
    process.execPath,
    [
      GUARD,
      wranglerPath(),
      "dev",
      ...["--config", join(root, "wrangler.toml")],
      ...["--port", String(port)],
      ...["--inspector-port", "0"],
      ...["--log-level", "warn"],
      "--show-interactive-dev-session=false",
      ...(persistTo === undefined ? [] : ["--persist-to", persistTo]),
      ...(assets === undefined ? [] : ["--assets", assets]),
      ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
    ],
    {
      cwd: root,
      // Away from the terminal's Ctrl-C: it is ended in order, by stop(). The pipe to its input tells it when we are gone.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        // Neither usage figures, nor a look at where the machine stands: the demo works offline.
        WRANGLER_SEND_METRICS: "false",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
      },
    },
  );
  const said = collectOutput(child, options.onLog);
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve());
    child.once("close", () => resolve());
  });
  const end = () => stop(child, ended);
  const server: LocalServer = { url, ended, stop: end, [Symbol.asyncDispose]: end };
  let over = false;
  void ended.then(() => {
    over = true;
  });
  for (const start = Date.now(); !over && Date.now() - start < patience; await sleep(50)) {
    if (await (until === "code" ? runs(url) : answers(url))) return server;
  }
  const wasOver = over;
  await server.stop();
  throw wasOver
    ? new AnnoyEdgeError("SERVER_ENDED", `The local server ended before it answered.\n${said().trim()}`)
    : new AnnoyEdgeError(
        "SERVER_SILENT",
        `The local server did not answer within ${patience / 1000} seconds.\n${said().trim()}`,
      );
}

/** Whether the Worker gives what needs no index. */
function runs(url: string): Promise<boolean> {
  return isAnswered(new URL("/openapi.json", url));
}

/** Whether a search gets through to the index: text where the index has an embedder, else its first item. */
async function answers(url: string): Promise<boolean> {
  const headers = { "content-type": "application/json" };
  for (const question of [{ query: "ready" }, { item: 0 }]) {
    const body = JSON.stringify({ ...question, k: 1 });
    if (await isAnswered(new URL("/v1/search", url), { method: "POST", headers, body })) return true;
  }
  return false;
}

async function isAnswered(url: URL, init: RequestInit = {}): Promise<boolean> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(20_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

function wranglerPath(): string {
  return join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin", "wrangler.js");
}

/** Passes the child's output on, and keeps its end for the message of a failure. */
function collectOutput(child: ChildProcess, onLog: ServeOptions["onLog"]): () => string {
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      last = (last + text).slice(-4000);
      onLog?.(text);
    });
  }
  return () => last;
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  const grace = new AbortController();
  const late = sleep(GRACE, true, { signal: grace.signal }).catch(() => false);
  // The end of its input makes the guard end everything at once.
  if (await Promise.race([ended.then(() => false), late])) child.stdin?.destroy();
  grace.abort();
  await ended;
}
