/** Publishing: artifact folders to R2 and KV, versions, rollback. */

export type { Gate, GateFailure } from "./gate.ts";
export { type GcOptions, type GcResult, gc } from "./gc.ts";
export { openLocalStore } from "./local.ts";
export { publish } from "./publish.ts";
export { openRemoteStore } from "./remote/index.ts";
export { checkPublished, type PublishedCheck, type RestoreResult, restore } from "./restore.ts";
export type { PublishResult } from "./result.ts";
export { type PublishStore, type SharedStore, sharedStore, withStore } from "./store.ts";
export {
  listVersions,
  type RollbackResult,
  rollback,
  type VersionInfo,
} from "./versions.ts";
