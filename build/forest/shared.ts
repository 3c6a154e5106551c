/** Memory that every thread of a forest's pool reads. */
export interface Shared {
  readonly rows: Float32Array<SharedArrayBuffer>;
  readonly width: number;
  readonly spherical: boolean;
  /** Whether no row is longer than 1. */
  readonly unit?: boolean;
}
