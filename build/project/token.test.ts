import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isToken, signingKey, verifyToken } from "../../worker/core/access/token.ts";
import { token } from "./token.ts";

const secret = "0123456789abcdef0123456789abcdef";

test("signs what the Worker reads back, until it expires", async () => {
  const made = await token({ index: ["docs", "shop-*"], filter: { tenant: "ä" }, expires: "15m", secret });
  expect(isToken(made.token)).toBe(true);
  const access = { indexes: ["docs", "shop-*"], actions: ["search", "documents"], filter: { tenant: "ä" } };
  const keys = [signingKey(`${secret}x`), signingKey(secret)];
  expect(await verifyToken(made.token, keys)).toEqual({ ok: true, access });
  const later = Date.now() + 15 * 60_000 + 1000;
  expect(await verifyToken(made.token, keys, later)).toEqual({ ok: false, reason: "expired" });
  expect(await verifyToken(made.token, keys.slice(0, 1))).toEqual({ ok: false, reason: "signature" });
});

test("takes the first secret of .dev.vars where the environment has none", async () => {
  const root = await mkdtemp(join(tmpdir(), "annoy-edge-token-"));
  try {
    await expect(token({ root })).rejects.toMatchObject({ code: "NO_SECRET" });
    await writeFile(join(root, ".dev.vars"), `OTHER=1\nTOKEN_SECRETS="${secret}, older"\n`);
    const { token: made } = await token({ root });
    expect(await verifyToken(made, [signingKey(secret)])).toMatchObject({ ok: true });
    const staging = `staging_${secret}`;
    await writeFile(join(root, ".dev.vars.staging"), `TOKEN_SECRETS=${staging}\n`);
    const { token: other } = await token({ root, env: "staging" });
    expect(await verifyToken(other, [signingKey(staging)])).toMatchObject({ ok: true });
  } finally {
    await rm(root, { recursive: true });
  }
});

test.each([
  [{ expires: "tomorrow" }, "expires"],
  [{ expires: "500d" }, "400d at most"],
  [{ index: "a/b" }, "neither the name"],
  [{ filter: { near: { a: 1 }, or: 3 } }, "or"],
  [{ secret: "short" }, "fewer than 32"],
  // Types are gone on the command line.
  [{ actions: ["write"] as never }, "search, documents, index"],
])("refuses %j", async (options, message) => {
  await expect(token({ secret, ...options })).rejects.toThrow(message);
});
