import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

let temporary: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "annoy-edge-test-"));
});
afterAll(() => rm(temporary, { recursive: true, force: true }));

const SCRIPT = `
  import { convertV4MiniflareOptions } from "miniflare";
  import { startRuntime } from ${JSON.stringify(new URL("./runtime.ts", import.meta.url).href)};
  const script = "export default { fetch: () => new Response('here') }";
  const { origin } = await startRuntime(convertV4MiniflareOptions({ modules: true, script, cf: false }));
  console.log(origin.href);
`;

test("workerd and the run's folder go when their process is killed", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", SCRIPT], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const origin = line.toString().trim();
  expect(await (await fetch(origin)).text()).toBe("here");
  expect(await readdir(temporary)).toEqual([expect.stringMatching(`^annoy-edge-run-${child.pid}-`)]);
  child.kill("SIGKILL");
  await vi.waitFor(() => expect(fetch(origin)).rejects.toThrow(), { timeout: 15_000, interval: 200 });
  await vi.waitFor(async () => expect(await readdir(temporary)).toEqual([]), { timeout: 15_000 });
  expect(existsSync(temporary)).toBe(true);
});
