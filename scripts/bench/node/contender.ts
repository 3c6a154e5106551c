import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Contender, DataFile, DataSet, Session } from "../types.ts";
import type { Reply, Request } from "./peer.ts";

export interface NodeContenderOptions
  extends Pick<Contender, "id" | "peer" | "label" | "where" | "note" | "settings" | "certified"> {
  /** The module below this folder that exports the peer. */
  readonly module: string;
  /** Installs the library and returns the folder that holds its `node_modules`. */
  readonly install: () => Promise<string>;
}

/** A library that runs in Node, in processes of its own: one that builds, one that answers. */
export function nodeContender({ module, install, ...about }: NodeContenderOptions): Contender {
  let modules = "";
  const request = (kind: "build" | "open", set: DataSet, folder: string): Request => ({
    kind,
    module,
    set: fileOf(set),
    folder,
    modules,
  });
  return {
    ...about,
    buildId: about.id,
    declines: () => undefined,
    async prepare() {
      modules = await install();
    },
    async build(set, folder) {
      const child = start();
      try {
        return await call(child, request("build", set, folder), "built");
      } finally {
        child.kill();
      }
    },
    async open(set, folder): Promise<Session> {
      const child = start();
      const { firstAnswerMs } = await call(child, request("open", set, folder), "opened");
      return {
        firstAnswerMs,
        ask: (setting, from, count) => call(child, { kind: "ask", setting, from, count }, "answers"),
        memory: async () => (await call(child, { kind: "memory" }, "memory")).bytes,
        async close() {
          child.kill();
        },
      };
    },
  };
}

/** The part of a set that another process needs. */
export function fileOf({ file, dimensions, count, nQueries }: DataSet): DataFile {
  return { file, dimensions, count, nQueries };
}

function start(): ChildProcess {
  return fork(fileURLToPath(new URL("./child.ts", import.meta.url)), { serialization: "advanced" });
}

function call<T extends Reply["kind"]>(
  child: ChildProcess,
  request: Request,
  expected: T,
): Promise<Extract<Reply, { kind: T }>> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`A bench process ended with code ${code}.`));
    child.once("exit", onExit);
    child.once("message", (reply: Reply) => {
      child.off("exit", onExit);
      if (reply.kind === "failed") reject(new Error(reply.message));
      // Each request has one kind of reply, and one request is under way at a time.
      else if (reply.kind === expected) resolve(reply as Extract<Reply, { kind: T }>);
      else reject(new Error(`A bench process replied ${reply.kind} instead of ${expected}.`));
    });
    child.send(request);
  });
}
