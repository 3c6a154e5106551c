import { createServer } from "node:net";
import { OptionError } from "../../build/settings/errors.ts";
import { AnnoyEdgeError } from "../../worker/core/format/errors.ts";

export const DEFAULT_PORT = 8787;

/** The port that an environment variable asks for. @throws OptionError when it is none */
export function portOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_PORT;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new OptionError(`PORT is ${JSON.stringify(text)}; a whole number from 1 to 65535 is needed.`);
  }
  return port;
}

/**
 * Makes sure that a server can listen on a port of this machine: on both of localhost's addresses, because another
 * server may hold one of them only, and a browser may ask either.
 *
 * @throws AnnoyEdgeError `PORT_TAKEN`, `PORT_FORBIDDEN`
 */
export async function assertPortFree(port: number): Promise<void> {
  for (const host of ["127.0.0.1", "::1"]) {
    const code = await tryToListen(port, host);
    if (code === "EADDRINUSE") {
      throw new AnnoyEdgeError(
        "PORT_TAKEN",
        `Port ${port} is taken: something else listens on it. Stop that, or choose another port: PORT=${port + 1} npm start`,
      );
    }
    if (code === "EACCES") {
      throw new AnnoyEdgeError(
        "PORT_FORBIDDEN",
        `This user may not listen on port ${port}. Choose one above 1023: PORT=${DEFAULT_PORT} npm start`,
      );
    }
    // Anything else, such as a machine without IPv6, is no reason to stop here.
  }
}

/** Some port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("The system gave no port.");
  return address.port;
}

/** The system's error code, or undefined when listening worked. */
function tryToListen(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "UNKNOWN"));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
