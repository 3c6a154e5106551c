/**
 * Server of every peer's bench Worker. Runs in workerd; speaks only to the process that started it.
 *
 *   POST /index                            stores the index in R2
 *   POST /queries                          keeps the queries, float32 rows
 *   POST /open     {dimensions, count}     loads the index from R2 and answers one query
 *   POST /ask      {setting, from, count}  answers queries
 *
 * A peer is `{ open(bytes, {dimensions, count}) }`, and what it opens is `{ search(query, k, setting) }`, which
 * returns item numbers. Clocks advance during computation in local workerd, other than on Cloudflare's network.
 */
export function serve(peer) {
  let index;
  let queries;
  let dimensions;
  const query = (i) => {
    const at = (i % (queries.length / dimensions)) * dimensions;
    return queries.subarray(at, at + dimensions);
  };
  const actions = {
    async "/index"(request, env) {
      await env.INDEXES.put("index", request.body);
      return {};
    },
    async "/queries"(request) {
      queries = new Float32Array(await request.arrayBuffer());
      return {};
    },
    async "/open"(request, env) {
      const set = await request.json();
      dimensions = set.dimensions;
      const bytes = await (await env.INDEXES.get("index")).arrayBuffer();
      const inMemory = performance.now();
      index = await peer.open(bytes, set);
      index.search(query(0), 10, 100);
      return { firstAnswerMs: performance.now() - inMemory };
    },
    async "/ask"(request) {
      const { setting, from, count } = await request.json();
      const items = new Array(count * 10).fill(-1);
      const began = performance.now();
      for (let i = 0; i < count; i++) {
        const found = index.search(query(from + i), 10, setting);
        // Some peers answer with a promise.
        const list = found.then ? await found : found;
        for (let j = 0; j < list.length; j++) items[i * 10 + j] = list[j];
      }
      return { wall: (performance.now() - began) / 1000, items };
    },
  };
  return {
    fetch: async (request, env) => Response.json(await actions[new URL(request.url).pathname](request, env)),
  };
}
