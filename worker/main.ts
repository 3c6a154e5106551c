import { createWorker } from "./index.ts";
import { mcp } from "./mcp.ts";

/** The Worker of this project: all that `annoy-edge/worker` has, and the Model Context Protocol. */
export default createWorker({ mcp: mcp() });
export { IndexShard, SearchService } from "./index.ts";
