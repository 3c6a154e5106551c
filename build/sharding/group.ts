/** Rows of one cluster, or some of them. */
export interface Piece {
  readonly cluster: number;
  readonly rows: number;
}

interface Clusters {
  /** Row-major. */
  readonly centroids: Float32Array;
  readonly dimensions: number;
}

const ROUNDS = 8;

/**
 * Gathers clusters into `shards` groups of about equally many rows, none with more than `cap`: halves them again and
 * again across the direction in which their centroids differ most. A cluster goes to one side whole wherever the bound
 * allows it, and is divided where not. Possible whenever shards x cap rows are enough; each group gets a row at least.
 */
export function groupClusters(
  clusters: Clusters,
  pieces: readonly Piece[],
  shards: number,
  cap: number,
): (readonly Piece[])[] {
  if (shards === 1) return [pieces];
  const left = shards >>> 1;
  const right = shards - left;
  const total = rowsOf(pieces);
  const low = Math.max(left, total - right * cap);
  const high = Math.min(left * cap, total - right);
  const target = Math.min(high, Math.max(low, Math.round((total * left) / shards)));
  const first: Piece[] = [];
  const second: Piece[] = [];
  let sum = 0;
  for (const piece of alongAxis(clusters, pieces)) {
    const { cluster, rows } = piece;
    const after = sum + rows;
    if (sum === target || (sum >= low && after - target > target - sum)) second.push(piece);
    else if (after <= high) {
      first.push(piece);
      sum = after;
    } else {
      first.push({ cluster, rows: target - sum });
      second.push({ cluster, rows: after - target });
      sum = target;
    }
    if (second.length > 0) sum = target;
  }
  return [...groupClusters(clusters, first, left, cap), ...groupClusters(clusters, second, right, cap)];
}

export function rowsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { rows }) => sum + rows, 0);
}

/** Pieces in order of their centroids' place on the line between the centres of two halves, as 2-means finds them. */
function alongAxis(clusters: Clusters, pieces: readonly Piece[]): Piece[] {
  let ends = farApart(clusters, pieces);
  let places = placesOn(clusters, pieces, ends);
  for (let round = 0; round < ROUNDS; round++) {
    const middle = (dot(ends[0], ends[1], ends[0]) + dot(ends[0], ends[1], ends[1])) / 2;
    const near = pieces.filter((_, i) => places[i]! < middle);
    const far = pieces.filter((_, i) => places[i]! >= middle);
    if (near.length === 0 || far.length === 0) break;
    ends = [meanOf(clusters, near), meanOf(clusters, far)];
    places = placesOn(clusters, pieces, ends);
  }
  return [...pieces.keys()].sort((a, b) => places[a]! - places[b]! || a - b).map((i) => pieces[i]!);
}

type Ends = readonly [Float64Array, Float64Array];

function placesOn(clusters: Clusters, pieces: readonly Piece[], ends: Ends): Float64Array {
  return Float64Array.from(pieces, ({ cluster }) => dot(ends[0], ends[1], centroid(clusters, cluster)));
}

/** (to - from) . x */
function dot(from: ArrayLike<number>, to: ArrayLike<number>, x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (to[i]! - from[i]!) * x[i]!;
  return sum;
}

/** The centroid farthest from the mean, and the one farthest from that. */
function farApart(clusters: Clusters, pieces: readonly Piece[]): Ends {
  const farthest = (from: Float64Array) => {
    let most = -1;
    let found = from;
    for (const { cluster } of pieces) {
      const point = centroid(clusters, cluster);
      let distance = 0;
      for (let i = 0; i < point.length; i++) distance += (point[i]! - from[i]!) ** 2;
      if (distance > most) {
        most = distance;
        found = Float64Array.from(point);
      }
    }
    return found;
  };
  const one = farthest(meanOf(clusters, pieces));
  return [one, farthest(one)];
}

function meanOf(clusters: Clusters, pieces: readonly Piece[]): Float64Array {
  const mean = new Float64Array(clusters.dimensions);
  const total = Math.max(1, rowsOf(pieces));
  for (const { cluster, rows } of pieces) {
    const point = centroid(clusters, cluster);
    for (let i = 0; i < mean.length; i++) mean[i]! += (point[i]! * rows) / total;
  }
  return mean;
}

function centroid({ centroids, dimensions }: Clusters, cluster: number): Float32Array {
  return centroids.subarray(cluster * dimensions, (cluster + 1) * dimensions);
}
