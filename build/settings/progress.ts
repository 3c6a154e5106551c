/** Progress of a command in one phase of its work. */
export interface Progress {
  /** `read`, `split`, `embed`, `forest`, `certify`, `write`, ... */
  readonly phase: string;
  readonly done: number;
  /** 0: not known yet. */
  readonly total: number;
}
