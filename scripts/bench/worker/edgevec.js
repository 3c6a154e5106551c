import { EdgeVec, EdgeVecConfig, initSync } from "edgevec";
import wasm from "edgevec/edgevec_bg.wasm";
import { serve } from "./serve.js";

// Its own persistence needs IndexedDB, so a Worker inserts the vectors anew. Under `cosine` and `dot` 0.9.0 answers with
// the farthest vectors; between unit vectors `l2` orders alike.
export default serve({
  open(bytes, { dimensions, count, efSearch }) {
    initSync({ module: wasm });
    const config = new EdgeVecConfig(dimensions);
    config.metric = "l2";
    if (efSearch !== undefined) config.ef_search = efSearch;
    const index = new EdgeVec(config);
    const rows = new Float32Array(bytes, 0, count * dimensions);
    const items = new Map();
    for (let row = 0; row < count; row++) {
      items.set(index.insert(rows.subarray(row * dimensions, (row + 1) * dimensions)), row);
    }
    return { search: (query, k) => index.search(query, k).map(({ id }) => items.get(id)) };
  },
});
