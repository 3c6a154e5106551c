/** A piece of a file. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** Rules by which ranges become reads. All in bytes but `most`. */
export interface ReadLimits {
  /** Largest gap between two ranges that is read with them: a request costs more. */
  readonly gap: number;
  /** So many reads are enough for one round: above that, wider gaps are bridged, the narrowest first. */
  readonly most: number;
  /** But none wider than this. */
  readonly widest: number;
}

/**
 * Coalesces ranges (ascending, apart from each other) into reads: few, because the platform lets six requests at once
 * wait for their headers and counts each of them, and short, because what is read between the ranges is of no use.
 */
export function coalesce(ranges: readonly Piece[], { gap, most, widest }: ReadLimits): Piece[] {
  const between = ranges.slice(1).map(({ offset }, i) => offset - endOf(ranges[i]!));
  const cuts = between.filter((bytes) => bytes > gap).sort((a, b) => b - a);
  // Of the gaps that may be bridged the widest stay cuts.
  const limit = Math.min(widest, cuts.length < most ? gap : cuts[most - 1]!);
  const pieces: { offset: number; length: number }[] = [];
  for (const [i, range] of ranges.entries()) {
    const last = pieces.at(-1);
    if (last && between[i - 1]! <= Math.max(gap, limit)) last.length = endOf(range) - last.offset;
    else pieces.push({ ...range });
  }
  return pieces;
}

function endOf({ offset, length }: Piece): number {
  return offset + length;
}
