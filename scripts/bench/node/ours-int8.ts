import { oursWith } from "./ours.ts";

/** int8 codes and nothing finer: what the Worker holds of an index built by default. */
export const peer = oursWith({ rescore: "none" });
