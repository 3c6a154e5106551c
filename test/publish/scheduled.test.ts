import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { build } from "../../build/index.ts";
import { publish } from "../../build/publish/publish.ts";
import type { PublishStore } from "../../build/publish/store.ts";
import { bundleWorker, type RunningWorker, runWorker } from "./runtime.ts";
import { temporaryStore } from "./stores.ts";

/** The Worker's cron trigger, pulled as `wrangler dev` lets one pull it. */

let dir: string;
let store: PublishStore;
let dispose: () => Promise<void>;
let modules: Awaited<ReturnType<typeof bundleWorker>>;
let worker: RunningWorker | undefined;
const calls: { headers: IncomingHttpHeaders; body: unknown }[] = [];
let status = 204;
const hook = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    calls.push({ headers: request.headers, body: JSON.parse(body) });
    response.writeHead(status).end();
  });
});
let hookUrl: string;

beforeAll(async () => {
  ({ dir, store, dispose } = await temporaryStore());
  modules = await bundleWorker();
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  hookUrl = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/build`;
});
afterEach(async () => {
  await worker?.stop();
  worker = undefined;
  calls.length = 0;
  status = 204;
});
afterAll(async () => {
  hook.closeAllConnections();
  hook.close();
  await dispose();
});

async function publishEdition(edition: number): Promise<string> {
  const out = join(dir, `edition-${edition}`);
  const documents = [{ id: "a", pageContent: `edition ${edition}`, metadata: {}, vector: [1, edition] }];
  await build({ documents, out, name: "cron" });
  return (await publish(store, out, { by: "test" })).version;
}

async function start(bindings: Record<string, string>): Promise<RunningWorker> {
  worker = await runWorker(dir, modules, {
    INDEX_NAME: "cron",
    REFRESH_SECONDS: "3600",
    LOG: "off",
    ...bindings,
  });
  return worker;
}

const pull = ({ url }: RunningWorker) => fetch(new URL("/cdn-cgi/local/scheduled?cron=17+3+*+*+*", url));

async function answeringVersion({ url }: RunningWorker): Promise<string> {
  const response = await fetch(new URL("/v1/search?item=0", url));
  return ((await response.json()) as { version: string }).version;
}

test("the trigger asks the hook, with the token and with what answers at the moment", async () => {
  const version = await publishEdition(1);
  const running = await start({ REBUILD_HOOK_URL: hookUrl, REBUILD_HOOK_TOKEN: "secret" });
  expect((await pull(running)).status).toBe(200);
  expect(calls).toHaveLength(1);
  expect(calls[0]!.headers).toMatchObject({ authorization: "Bearer secret", "user-agent": "annoy-edge" });
  expect(calls[0]!.body).toEqual({
    event_type: "annoy-edge-rebuild",
    client_payload: { index: "cron", version },
  });
});

test("the trigger makes the isolate look for a new version, whatever the interval", async () => {
  const before = await publishEdition(2);
  const running = await start({});
  expect(await answeringVersion(running)).toBe(before);
  const after = await publishEdition(3);
  expect(await answeringVersion(running)).toBe(before);
  await pull(running);
  expect(await answeringVersion(running)).toBe(after);
  expect(calls).toEqual([]);
});

test("a hook that refuses makes the run a failed one, and answers go on", async () => {
  const version = await publishEdition(4);
  status = 401;
  const running = await start({ REBUILD_HOOK_URL: hookUrl });
  expect((await pull(running)).status).toBe(500);
  expect(await answeringVersion(running)).toBe(version);
});
