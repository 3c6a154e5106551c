import type { TestProject } from "vitest/node";
import { type Peers, PeersMissing, preparePeers } from "./venv.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Undefined where the tests cannot run. */
    readonly peers: Peers | undefined;
  }
}

/**
 * Makes the Python environment. Where that is impossible for want of Python, a compiler or a registry, the tests are
 * skipped and the reason is printed, in CI as well: that says nothing about this project. `PEERS=required` makes it a
 * failure. Any other reason is one always.
 */
export default async function setup(project: TestProject): Promise<void> {
  try {
    project.provide("peers", await preparePeers());
  } catch (error) {
    if (!(error instanceof PeersMissing) || process.env.PEERS === "required") throw error;
    console.warn(`test:peers is skipped, all of it: ${error.message}.`);
    project.provide("peers", undefined);
  }
}
