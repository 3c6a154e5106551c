import { lookup as resolveName } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

/** Networks that are not the internet: this machine, its neighbours, and where clouds keep secrets. */
const PRIVATE = blocked([
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
  ["::", 127],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
]);

function blocked(networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of networks)
    list.addSubnet(address, bits, isIP(address) === 6 ? "ipv6" : "ipv4");
  return list;
}

export function isPrivateAddress(address: string): boolean {
  // A scope is part of a link-local address alone.
  const plain = address.replace(/%.*$/, "");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped) return PRIVATE.check(mapped, "ipv4");
  return PRIVATE.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}

/** A host of an address (`URL.hostname`) that is a number already. */
export function literalOf(hostname: string): string | undefined {
  const plain = hostname.replace(/^\[|\]$/g, "");
  return isIP(plain) ? plain : undefined;
}

/** Whether the host of an address is on this machine or its network; false when its name cannot be found out. */
export async function isPrivateHost(hostname: string): Promise<boolean> {
  const literal = literalOf(hostname);
  if (literal !== undefined) return isPrivateAddress(literal);
  return new Promise((resolve) => {
    resolveName(hostname, { all: true }, (error, addresses) =>
      resolve(!error && addresses.some(({ address }) => isPrivateAddress(address))),
    );
  });
}

/** Stands for a refused address. */
export class PrivateAddressError extends Error {}

/** Looks a name up for a connection and refuses private addresses: a name may mean another one each time it is asked for. */
export const publicLookup: LookupFunction = (hostname, options, done) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return done(error, "", 4);
    const bad = addresses.find(({ address }) => isPrivateAddress(address));
    if (bad) return done(new PrivateAddressError(`${hostname} is ${bad.address}`), "", 4);
    if (options.all) return done(null, addresses);
    const [first] = addresses;
    return first ? done(null, first.address, first.family) : done(new Error("no address"), "", 4);
  });
};
