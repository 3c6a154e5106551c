import * as glue from "voy-search/voy_search_bg.js";
import wasm from "voy-search/voy_search_bg.wasm";
import { serve } from "./serve.js";

export default serve({
  open(bytes, { dimensions, count }) {
    const instance = new WebAssembly.Instance(wasm, { "./voy_search_bg.js": glue });
    glue.__wbg_set_wasm(instance.exports);
    const rows = new Float32Array(bytes, 0, count * dimensions);
    const embeddings = Array.from({ length: count }, (_, row) => ({
      id: String(row),
      title: "",
      url: "",
      embeddings: Array.from(rows.subarray(row * dimensions, (row + 1) * dimensions)),
    }));
    const index = new glue.Voy({ embeddings });
    return { search: (query, k) => index.search(query, k).neighbors.map(({ id }) => Number(id)) };
  },
});
