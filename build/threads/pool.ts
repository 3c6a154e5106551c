import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

/** A task for a thread. `result` never exists: it carries the type of the task's result. */
export interface Task<Result = unknown> {
  readonly kind: string;
  readonly result?: Result;
}

export interface RunOptions {
  readonly onDone?: (done: number) => void;
  /** These tasks are done by threads that would have nothing else to do. */
  readonly background?: boolean;
}

/** Runs tasks over the same shared memory on worker threads, or on this thread when there is just one job. */
export interface Pool {
  /** Results in the order of the tasks, whatever thread did which. Several runs may go on at once. */
  run<Result>(tasks: readonly Task<Result>[], options?: RunOptions): Promise<Result[]>;
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Threads; -1: one a core. */
  readonly jobs: number;
  /** Whether the work is too small to start threads for. */
  readonly small: boolean;
  /** Module that runs on each thread, given `shared` as its `workerData`. */
  readonly thread: URL;
  /** Memory that every thread reads. */
  readonly shared: object;
  /** Does a task on this thread, when there are no others. */
  readonly runTask: RunTask;
}

/** Does one task over the shared memory: each pool is given its own kinds of both. */
export type RunTask = (shared: never, task: never) => unknown;

export function createPool({ jobs, small, thread, shared, runTask }: PoolOptions): Pool {
  const threads = jobs > 0 ? jobs : availableParallelism();
  return threads === 1 || small
    ? createLocalPool(shared, runTask)
    : createThreadPool(thread, shared, threads);
}

/** Returns the URL of a module beside another: compiled for npm it ends in .js, in the checkout Node runs the TypeScript itself. */
export function moduleBeside(url: string, name: string): URL {
  return new URL(`./${name}.${url.endsWith(".ts") ? "ts" : "js"}`, url);
}

function createLocalPool(shared: object, runTask: RunTask): Pool {
  return {
    async run<Result>(tasks: readonly Task<Result>[], { onDone }: RunOptions = {}) {
      const results: Result[] = [];
      for (const [i, task] of tasks.entries()) {
        results.push(runTask(shared as never, task as never) as Result); // a task carries the type of its result
        onDone?.(i + 1);
        // Lets progress and interrupts through between tasks.
        await new Promise((resolve) => setImmediate(resolve));
      }
      return results;
    },
    async close() {},
  };
}

/** A task that waits for a thread or is done by one. */
interface Job {
  readonly task: Task;
  // Any task's result: the run that made the job knows which.
  readonly resolve: (result: unknown) => void;
}

/**
 * The environment of threads: a compile cache, where Node keeps one by default, spares them a third of a second each
 * that TypeScript takes to be stripped of its types. Threads do not inherit the one that their parent has switched on.
 */
function threadEnvironment(): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache") } = process.env;
  return { ...process.env, NODE_COMPILE_CACHE };
}

function createThreadPool(thread: URL, shared: object, threads: number): Pool {
  const urgent: Job[] = [];
  const background: Job[] = [];
  const idle: Worker[] = [];
  let failed: unknown;
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = (error) => {
      failed = error;
      reject(error);
    };
  });
  // Nobody may be waiting when a thread fails.
  failure.catch(() => {});
  const current = new Map<Worker, Job>();
  const give = () => {
    while (idle.length > 0) {
      const job = urgent.shift() ?? background.shift();
      if (!job) return;
      const worker = idle.pop()!;
      current.set(worker, job);
      worker.postMessage(job.task);
    }
  };
  const env = threadEnvironment();
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(thread, { workerData: shared, env });
    worker.on("error", fail);
    worker.on("message", (result) => {
      const job = current.get(worker);
      idle.push(worker);
      give();
      job?.resolve(result);
    });
    idle.push(worker);
    return worker;
  });
  return {
    async run(tasks, { onDone, background: later = false } = {}) {
      if (failed !== undefined) throw failed;
      let done = 0;
      const results = tasks.map(
        (task) =>
          new Promise((resolve) => {
            const finish = (result: unknown) => {
              onDone?.(++done);
              resolve(result);
            };
            (later ? background : urgent).push({ task, resolve: finish });
          }),
      );
      give();
      // Task i resolves with its own kind of result.
      return (await Promise.race([Promise.all(results), failure])) as never;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
