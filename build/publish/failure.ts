/** A check that an artifact did not pass. */
export interface GateFailure {
  /** `TOO_LARGE`, `RECALL_BELOW_TARGET`, `RECALL_FELL`, `CORPUS_SHRANK`, `GOLDEN_QUERY`, or a code of `verify`. */
  readonly code: string;
  readonly message: string;
  /** Whether readers would refuse the version, so that to force it helps nobody. */
  readonly fatal?: boolean;
}
