import { fork } from "node:child_process";
import { join } from "node:path";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";
import type { IndexAnswer, IndexJob } from "./index-process.ts";
import type { SearchSettings } from "./settings.ts";

export interface BuiltSite {
  /** Folder of the built HTML. */
  readonly folder: string;
  /** Path that the site is served under. */
  readonly base: string;
  /** Folder of the project. */
  readonly root: string;
}

/**
 * Indexes a built site in a process of its own: bundlers load the integrations in ways of their own, and hold much memory
 * at that moment. Says what was indexed, line by line.
 *
 * @throws AnnoyEdgeError as `build` and `publish` do
 */
export async function indexSite(
  site: BuiltSite,
  { index = {} }: SearchSettings,
  say: (line: string) => void,
): Promise<void> {
  if (index === false) return;
  const { name = "site", out = join("artifacts", name), ...options } = index;
  const job: IndexJob = { baseUrl: site.base, ...options, site: site.folder, name, out };
  const answer = await ask(job, site.root);
  if ("error" in answer) throw new AnnoyEdgeError(answer.error.code, `annoy-edge: ${answer.error.message}`);
  for (const line of answer.done) say(line);
}

function ask(job: IndexJob, cwd: string): Promise<IndexAnswer> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./index-process.ts", import.meta.url), { cwd, execArgv: [] });
    let answer: IndexAnswer | undefined;
    child.once("message", (message) => {
      answer = message as IndexAnswer;
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (answer) resolve(answer);
      else
        reject(new AnnoyEdgeError("INDEXING_ENDED", `annoy-edge: indexing ended early (${signal ?? code}).`));
    });
    child.send(job);
  });
}
