import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { InputDocument } from "../../build/index.ts";
import { temporaryFolder } from "./vectors.ts";
import { type PeerWorker, startWorker } from "./worker.ts";

const peers = inject("peers");
const folder = temporaryFolder();
const SCRIPT = fileURLToPath(new URL("./python/test_standard.py", import.meta.url));

/** Numbers of VectorStoreIntegrationTests (half of them asynchronous) and RetrieversIntegrationTests; each with one on overrides. */
const STANDARD_TESTS = 25 + 5;

/** Builds and publishes what is sent to it as the index that the path names. */
async function startPublisher(worker: PeerWorker): Promise<Server> {
  const server = createServer(async (request, response) => {
    try {
      const documents = (await json(request)) as InputDocument[];
      await worker.publish(request.url!.slice(1), { documents, embedder: "none", codec: "float32" });
      response.end();
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

describe.runIf(peers)("LangChain's standard tests, over the Worker", () => {
  let worker: PeerWorker;
  let publisher: Server;
  beforeAll(async () => {
    const documents = ["pizza is great", "I love salad", "my car", "a dog"].map((pageContent) => ({
      pageContent,
    }));
    worker = await startWorker(folder, "texts", { documents, embedder: "static" });
    publisher = await startPublisher(worker);
  });
  afterAll(async () => {
    publisher?.close();
    await worker?.close();
  });

  test(`all ${STANDARD_TESTS} tests of vector stores and retrievers pass, and none is skipped`, async () => {
    const { port } = publisher.address() as AddressInfo;
    const output = await new Promise<string>((resolve) => {
      execFile(
        peers!.python,
        [
          "-W",
          "ignore",
          "-m",
          "pytest",
          "-q",
          "-p",
          "no:cacheprovider",
          "--asyncio-mode=auto",
          "-rsxX",
          SCRIPT,
        ],
        {
          cwd: folder,
          env: {
            ...process.env,
            WORKER_URL: worker.url,
            PUBLISHER_URL: `http://127.0.0.1:${port}`,
            PYTHONDONTWRITEBYTECODE: "1",
          },
        },
        (_, stdout, stderr) => resolve(stdout + stderr),
      );
    });
    expect(output).toMatch(new RegExp(`^${STANDARD_TESTS} passed(, \\d+ warnings?)? in`, "m"));
  }, 180_000);
});
