import { type Plan, type PlanOptions, plan } from "../../build/plan/plan.ts";

/** The tables of docs/scale.md, each a Markdown table, by name. `npx vitest run test/docs/scale -u` writes them anew. */
export function scaleTables(): Readonly<Record<string, string>> {
  return { "scale-384": scaleTable(), traffic: trafficTable() };
}

const SIZES = [1e5, 1e6, 1e7, 1e8];
const CODECS = ["int8", "binary"] as const;

function plans(): Plan[] {
  return SIZES.flatMap((items) => CODECS.map((codec) => plan({ items, dimensions: 384, codec })));
}

const size = ({ items }: Plan) => `10^${Math.round(Math.log10(items))}`;

function scaleTable(): string {
  const rows = plans().map((made) => {
    const { resident, stored, tooLarge, codec } = made;
    const held = [size(made), codec, bytes(resident.total), bytes(stored), servedBy(made)];
    return tooLarge ? [...held, "", "", "", "", "", ""] : [...held, ...served(made)];
  });
  const head = [
    "vectors",
    "codec",
    "in memory",
    "in R2",
    "served by",
    "Worker CPU",
    "answer",
    "wait for a load",
    "a month",
    "Vectorize",
    "turbopuffer",
  ];
  return table(head, rows);
}

function servedBy({ tooLarge, shards, probes }: Plan): string {
  if (tooLarge) return `${count(shards)} shards: does not fit`;
  return shards === 1 ? "one isolate" : `${count(shards)} shards, ${probes} asked`;
}

/** Time and money of what fits. */
function served({ serving, monthlyUsd, peers }: Plan): string[] {
  const [cloudflare, puffer] = peers;
  const indexes = cloudflare!.indexes > 1 ? ` (${cloudflare!.indexes} indexes)` : "";
  return [
    `${decimals(serving.cpuMs)} ms`,
    `${Math.round(serving.latencyMs)} ms`,
    `${percent(serving.loadShare)} by ${seconds(serving.loadMs)}`,
    dollars(monthlyUsd),
    dollars(cloudflare!.monthlyUsd) + indexes,
    dollars(puffer!.monthlyUsd),
  ];
}

/** 10 million of 768 dimensions, whatever the traffic. */
function trafficTable(): string {
  const options: PlanOptions = { items: 1e7, dimensions: 768, codec: "binary" };
  const rows = [1e5, 1e6, 1e7, 1e8].map((queries) => {
    const made = plan({ ...options, queries });
    const random = plan({ ...options, queries, partition: "random" });
    const [cloudflare, puffer] = made.peers;
    return [
      count(queries),
      dollars(made.monthlyUsd),
      percent(made.serving.loadShare),
      dollars(random.monthlyUsd),
      percent(random.serving.loadShare),
      dollars(cloudflare!.monthlyUsd),
      dollars(puffer!.monthlyUsd),
    ];
  });
  const head = [
    "searches a month",
    "clusters",
    "wait for a load",
    "random",
    "wait for a load",
    "Vectorize",
    "turbopuffer",
  ];
  return table(head, rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((name) => (name === "codec" || name === "served by" ? "---" : "--:"));
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}

function bytes(n: number): string {
  return n >= 1e9 ? `${decimals(n / 1e9)} GB` : `${Math.round(n / 1e6)} MB`;
}

function decimals(n: number): string {
  return n >= 100 ? String(Math.round(n)) : n.toFixed(1);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function percent(share: number): string {
  return share > 0 && share < 0.001 ? "< 0.1%" : `${(share * 100).toFixed(1)}%`;
}

function dollars(usd: number): string {
  return usd >= 100 ? `$${count(Math.round(usd))}` : `$${usd.toFixed(2)}`;
}
