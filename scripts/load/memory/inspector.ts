import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

/** Memory of an isolate, in bytes: V8's heap, and what lies outside of it. */
export interface Memory {
  readonly heap: number;
  readonly buffers: number;
}

/** Connection to an isolate's inspector. */
export interface Inspector {
  /** Memory at this moment, garbage included; without WebAssembly's, which V8 does not count. */
  read(): Promise<Memory>;
  /** Bytes of WebAssembly's memories. */
  wasmBytes(): Promise<number>;
  /** Collects garbage. */
  collect(): Promise<void>;
  close(): void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface RemoteObject {
  readonly objectId?: string;
  readonly value?: unknown;
}

type Call = <T>(method: string, params?: object) => Promise<T>;

const WAKE_MS = 20;

/**
 * @param url of the inspector's listing
 * @param wake runs the isolate for a moment: only then does V8 do what it was asked to do later
 */
export async function connectInspector(url: URL, wake: () => Promise<unknown>): Promise<Inspector> {
  const listing = new URL("/json", url);
  listing.protocol = "http:";
  const targets = (await (await fetch(listing)).json()) as { readonly webSocketDebuggerUrl: string }[];
  const socket = new WebSocket(targets[0]!.webSocketDebuggerUrl);
  await once(socket, "open");
  const { call, context } = session(socket);
  return {
    async read() {
      const found = await call<{ usedSize: number; backingStorageSize: number }>("Runtime.getHeapUsage");
      return { heap: found.usedSize, buffers: found.backingStorageSize };
    },
    async wasmBytes() {
      await call("Runtime.enable");
      return sumOfMemories(call, await context);
    },
    async collect() {
      const collected = call("HeapProfiler.collectGarbage").then(() => true);
      do await wake();
      while (!(await Promise.race([collected, sleep(WAKE_MS, false)])));
    },
    close: () => socket.close(),
  };
}

/** Calls over a socket, and the context that scripts run in, once the runtime is enabled. */
function session(socket: WebSocket): { readonly call: Call; readonly context: Promise<number> } {
  const pending = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  const { promise: context, resolve: onContext } = Promise.withResolvers<number>();
  socket.addEventListener("message", ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(String(data)) as Message;
    if (method === "Runtime.executionContextCreated")
      onContext((params as { context: { id: number } }).context.id);
    const waiting = id === undefined ? undefined : pending.get(id);
    if (!waiting) return;
    pending.delete(id!);
    if (error) waiting.reject(new Error(error.message));
    else waiting.resolve(result as never);
  });
  socket.addEventListener("close", () => {
    for (const { reject } of pending.values()) reject(new Error("The inspector's connection has ended."));
    pending.clear();
  });
  let calls = 0;
  const call: Call = (method, params = {}) => {
    const id = ++calls;
    const answer = Promise.withResolvers<never>(); // of the type that the caller states
    pending.set(id, answer);
    socket.send(JSON.stringify({ id, method, params }));
    return answer.promise;
  };
  return { call, context };
}

async function sumOfMemories(call: Call, contextId: number): Promise<number> {
  const expression = "WebAssembly.Memory.prototype";
  const prototype = await call<{ result: RemoteObject }>("Runtime.evaluate", { expression, contextId });
  const prototypeObjectId = prototype.result.objectId;
  const { objects } = await call<{ objects: RemoteObject }>("Runtime.queryObjects", { prototypeObjectId });
  const { objectId } = objects;
  const functionDeclaration =
    "function () { return this.reduce((sum, { buffer }) => sum + buffer.byteLength, 0); }";
  const sum = await call<{ result: RemoteObject }>("Runtime.callFunctionOn", {
    ...{ objectId, functionDeclaration, returnByValue: true },
  });
  await call("Runtime.releaseObject", { objectId });
  return sum.result.value as number;
}
