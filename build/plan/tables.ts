import { type Plan, type PlanOptions, plan } from "./plan.ts";

/** The tables of docs/scale.md, each a Markdown table, by name. `npx vitest run test/docs/scale -u` writes them anew. */
export function scaleTables(): Readonly<Record<string, string>> {
  return {
    "memory-384": memoryTable(),
    "searches-384": searchTable(),
    "cost-384": costTable(),
    traffic: trafficTable(),
  };
}

const SIZES = [1e5, 1e6, 1e7, 1e8];
const CODECS = ["int8", "binary"] as const;

function plans(): Plan[] {
  return SIZES.flatMap((items) => CODECS.map((codec) => plan({ items, dimensions: 384, codec })));
}

const size = ({ items }: Plan) => `10^${Math.round(Math.log10(items))}`;

function memoryTable(): string {
  const rows = plans().map((made) => {
    const { resident, stored, shards, probes, tooLarge, codec } = made;
    const perItem = `${Math.round(resident.total / made.items)} B`;
    const served = tooLarge
      ? `does not fit: ${count(shards)} shards of at most 500`
      : shards === 1
        ? "one isolate"
        : `${count(shards)} shards, ${probes} asked`;
    return [size(made), codec, bytes(resident.total), perItem, bytes(stored), served];
  });
  return table(["vectors", "codec", "in memory", "an item", "in R2", "served by"], rows);
}

function searchTable(): string {
  const rows = plans()
    .filter(({ tooLarge }) => !tooLarge)
    .map((made) => {
      const { perSearch, cpuMs, latencyMs, loadMs, loadShare } = made.serving;
      return [
        size(made),
        made.codec,
        `${decimals(cpuMs)} ms`,
        String(perSearch.shards),
        String(perSearch.r2),
        String(perSearch.kv),
        `${Math.round(latencyMs)} ms`,
        `${percent(loadShare)} by ${seconds(loadMs)}`,
      ];
    });
  const head = [
    "vectors",
    "codec",
    "Worker CPU",
    "calls of shards",
    "reads of R2",
    "reads of KV",
    "answer",
    "searches that wait for a load",
  ];
  return table(head, rows);
}

function costTable(): string {
  const rows = plans()
    .filter(({ tooLarge }) => !tooLarge)
    .map((made) => {
      const [cloudflare, puffer] = made.peers;
      const cost = (what: string) => made.monthly.find((line) => line.what === what)?.usd ?? 0;
      const storage = cost("pages kept") + cost("versions kept (3)");
      const writes = cost("pages written") + cost("objects written");
      const plan = cost("paid plan");
      return [
        size(made),
        made.codec,
        dollars(plan),
        dollars(storage),
        dollars(writes),
        dollars(made.monthlyUsd - storage - writes - plan),
        `**${dollars(made.monthlyUsd)}**`,
        dollars(cloudflare!.monthlyUsd) +
          (cloudflare!.indexes > 1 ? ` (${cloudflare!.indexes} indexes)` : ""),
        dollars(puffer!.monthlyUsd),
      ];
    });
  const head = [
    "vectors",
    "codec",
    "plan",
    "storage",
    "writes",
    "searches",
    "in all",
    "Vectorize",
    "turbopuffer",
  ];
  return table(head, rows);
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
  return [line(head), line(rule), ...rows.map(line)].join("\n");
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
