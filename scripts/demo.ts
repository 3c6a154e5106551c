import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import {
  assertPortFree,
  buildDemo,
  type LocalServer,
  portOf,
  publishLocally,
  serve,
} from "../build/demo/index.ts";
import { AnnoyEdgeError, OptionError } from "../build/index.ts";
import { EXIT } from "./run.ts";
import { duration, progressView } from "./terminal.ts";

/** `npm start`: builds the demo's index when need be, publishes it to local R2 and KV, and serves it with its page. */

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const view = progressView(process.stderr);
/** From the first answer on, a signal ends the server in order. */
let serving = false;

function note(line: string): void {
  view.end();
  process.stderr.write(`${line}\n`);
}

async function run(stopped: Promise<void>): Promise<void> {
  const began = Date.now();
  const port = portOf(process.env.PORT);
  await assertPortFree(port);
  const { dir, built } = await buildDemo({ root: ROOT, onProgress: view.update });
  if (!built) note("The index is built already.");
  const { outcome, version } = await publishLocally(dir, { root: ROOT, onProgress: view.update });
  note(
    outcome === "unchanged" ? `Version ${version} is published already.` : `Published version ${version}.`,
  );
  const server = await serve({ root: ROOT, port, onLog: (text) => note(text.trimEnd()) });
  serving = true;
  note(`Ready after ${duration(Date.now() - began)}. Ctrl-C stops it.`);
  process.stdout.write(`${server.url}\n`);
  await untilEnd(server, stopped);
}

/** @throws AnnoyEdgeError `SERVER_ENDED` when the server ends without having been told to */
async function untilEnd(server: LocalServer, stopped: Promise<void>): Promise<void> {
  const asked = await Promise.race([stopped.then(() => true), server.ended.then(() => false)]);
  await server.stop();
  if (!asked) throw new AnnoyEdgeError("SERVER_ENDED", "The local server has ended by itself.");
}

function fail(error: unknown): never {
  const known = error instanceof AnnoyEdgeError;
  note(
    `npm start: ${known ? `${error.message} (${error.code})` : error instanceof Error ? error.stack : String(error)}`,
  );
  process.exit(error instanceof OptionError ? EXIT.usage : EXIT.failed);
}

const stopped = new Promise<void>((resolve) => {
  for (const [signal, number] of [
    ["SIGHUP", 1],
    ["SIGINT", 2],
    ["SIGTERM", 15],
  ] as const) {
    // Not once(): libraries that also listen send the signal anew when they seem to be the only ones.
    process.on(signal, () => {
      // Before the server answers there is nothing to end in order: worker threads and workerd go with this process.
      if (!serving) process.exit(128 + number);
      resolve();
    });
  }
});
await run(stopped).catch(fail);
