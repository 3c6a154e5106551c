import { constants } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { AnnoyEdgeError, OptionError, type Progress } from "../../build/index.ts";
import { EXIT } from "../cli/run.ts";
import { duration, progressView } from "../cli/terminal.ts";
import { assertPortFree, type LocalServer, portOf, publishLocally, serve } from "./index.ts";

export interface Preparation {
  /** Root of the project. */
  readonly root: string;
  readonly onProgress: (progress: Progress) => void;
  /** A line for people; to stderr. */
  readonly note: (line: string) => void;
}

/** Index that is published and served. */
export interface Served {
  /** Artifact folder. */
  readonly artifact: string;
  /** Static files in place of the Worker's own page. */
  readonly assets?: string;
  /** Variables of the Worker that differ from wrangler.toml. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Prepares an index, publishes it to local R2 and KV, and serves it until a signal ends it. The port (`PORT`) is tried
 * first, so that no build is done in vain. Progress goes to stderr; the address goes to stdout, once it answers.
 */
export async function runForeground(
  name: string,
  prepare: (preparation: Preparation) => Promise<Served>,
): Promise<void> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const view = progressView(process.stderr);
  const note = (line: string) => {
    view.end();
    process.stderr.write(`${line}\n`);
  };
  const began = Date.now();
  const signals = listenForSignals();
  try {
    const port = portOf(process.env.PORT);
    await assertPortFree(port);
    const { artifact, ...served } = await prepare({ root, onProgress: view.update, note });
    const { outcome, version } = await publishLocally(artifact, { root, onProgress: view.update });
    note(
      outcome === "unchanged" ? `Version ${version} is published already.` : `Published version ${version}.`,
    );
    const server = await serve({ ...served, root, port, onLog: (text) => note(text.trimEnd()) });
    signals.inOrder();
    note(`Ready after ${duration(Date.now() - began)}. Ctrl-C stops it.`);
    process.stdout.write(`${server.url}\n`);
    await untilEnd(server, signals.stopped);
  } catch (error) {
    const isKnown = error instanceof AnnoyEdgeError;
    const what = isKnown ? `${error.message} (${error.code})` : ((error as Error).stack ?? String(error));
    note(`${name}: ${what}`);
    process.exit(error instanceof OptionError ? EXIT.usage : EXIT.failed);
  }
}

/** Until `inOrder` is called a signal ends the process at once; from then on it settles `stopped`. */
function listenForSignals(): { stopped: Promise<void>; inOrder: () => void } {
  let serving = false;
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    // Not once(): libraries that also listen send the signal anew when they seem to be the only ones.
    process.on(signal, () => {
      // Before the server answers there is nothing to end in order: threads and workerd go with this process.
      if (!serving) process.exit(128 + constants.signals[signal]);
      resolve();
    });
  }
  return {
    stopped,
    inOrder: () => {
      serving = true;
    },
  };
}

/** @throws AnnoyEdgeError `SERVER_ENDED` when the server ends by itself */
async function untilEnd(server: LocalServer, stopped: Promise<void>): Promise<void> {
  const asked = await Promise.race([stopped.then(() => true), server.ended.then(() => false)]);
  await server.stop();
  if (!asked) throw new AnnoyEdgeError("SERVER_ENDED", "The local server has ended by itself.");
}
