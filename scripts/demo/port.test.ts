import { createServer } from "node:net";
import { expect, test } from "vitest";
import { assertPortFree, freePort, portOf } from "./port.ts";

test("the port is 8787 unless PORT says otherwise", () => {
  expect(portOf(undefined)).toBe(8787);
  expect(portOf("")).toBe(8787);
  expect(portOf("3000")).toBe(3000);
});

test.each(["0", "65536", "80.5", "-1", "http", "0x50", " 80"])(
  "PORT=%s is refused as a usage error",
  (text) => {
    expect(() => portOf(text)).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  },
);

test("a free port passes", async () => {
  await assertPortFree(await freePort());
});

test("a taken port is named, with a port that may do instead", async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    await expect(assertPortFree(port)).rejects.toMatchObject({
      code: "PORT_TAKEN",
      message: expect.stringContaining(`PORT=${port + 1} npm start`),
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
