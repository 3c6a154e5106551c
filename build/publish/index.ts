/** Publishing: artifact folders to R2 and KV, versions, rollback. */

export type { Finding } from "./check.ts";
export { type Cost, estimateCost } from "./cost.ts";
export { checkRecall, type Gate, type GateContext, type GateFailure } from "./gate.ts";
export { DEFAULT_KEEP, type GcOptions, type GcResult, gc } from "./gc.ts";
export { type LocalStoreOptions, openLocalStore } from "./local.ts";
export { type PublishOptions, publish } from "./publish.ts";
export { openRemoteStore, type RemoteStoreOptions } from "./remote/index.ts";
export { checkPublished, type PublishedCheck, type RestoreResult, restore } from "./restore.ts";
export type { PublishResult } from "./result.ts";
export { type PublishStore, withStore } from "./store.ts";
export {
  currentVersion,
  listVersions,
  type RollbackResult,
  rollback,
  type VersionInfo,
} from "./versions.ts";
