import worker, { IndexShard as Shard } from "../../../worker/main.ts";

/** Milliseconds that the calls of each shard took since they were last asked for. */
let took = [];
/** Time of the last beginning or end of a call. */
let last = 0;

/**
 * The Worker's own class. All objects share a thread here, so what passes before a call ends belongs to this call alone,
 * from the beginning or end of another on: calls that wait for room do nothing.
 */
export class IndexShard extends Shard {
  async ask(address, call) {
    last = performance.now();
    try {
      return await super.ask(address, call);
    } finally {
      const now = performance.now();
      took[address.shard] = (took[address.shard] ?? 0) + now - last;
      last = now;
    }
  }
}

/** The Worker, and `/took`: what its shards have taken. */
export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/took") return worker.fetch(request, env, ctx);
    const answer = Array.from(took, (ms) => ms ?? 0);
    took = [];
    return Response.json(answer);
  },
};
