/**
 * Regions for Durable Objects: Cloudflare's location hints, each with a place in its middle.
 * https://developers.cloudflare.com/durable-objects/reference/data-location/#provide-a-location-hint
 */
const CENTRES = {
  wnam: [37, -120],
  enam: [40, -77],
  sam: [-20, -48],
  weur: [49, 3],
  eeur: [51, 22],
  apac: [14, 112],
  oc: [-33, 148],
  afr: [-20, 27],
  me: [26, 50],
} as const satisfies Record<string, Place>;

/** Degrees of latitude and longitude. */
type Place = readonly [latitude: number, longitude: number];
export type Region = keyof typeof CENTRES;
export const REGIONS = Object.keys(CENTRES) as readonly Region[];

/** Callers of whom no more than the continent is known. */
const CONTINENTS: Readonly<Record<string, Region>> = {
  ...{ NA: "enam", SA: "sam", EU: "weur", AS: "apac", OC: "oc", AF: "afr", AN: "oc" },
};

export function isRegion(text: string): text is Region {
  return Object.hasOwn(CENTRES, text);
}

/**
 * The region that a request comes from, by what Cloudflare says about it (`request.cf`).
 *
 * @returns undefined when it says nothing: behind other servers, in local development
 */
export function regionOf(cf: unknown): Region | undefined {
  if (typeof cf !== "object" || cf === null) return undefined;
  const { latitude, longitude, continent } = cf as Partial<Record<string, unknown>>;
  const place = [degrees(latitude), degrees(longitude)] as const;
  if (place.every(Number.isFinite)) return nearest(place, REGIONS);
  return typeof continent === "string" ? CONTINENTS[continent] : undefined;
}

/** The region itself where it is one of those allowed, else the one nearest to it. `allowed` is not empty. */
export function nearestRegion(region: Region, allowed: readonly Region[]): Region {
  return allowed.includes(region) ? region : nearest(CENTRES[region], allowed);
}

/** Cloudflare gives numbers as texts. */
function degrees(value: unknown): number {
  return typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
}

function nearest(place: Place, regions: readonly Region[]): Region {
  let best: Region = "enam";
  let least = Number.POSITIVE_INFINITY;
  for (const region of regions) {
    const distance = haversine(place, CENTRES[region]);
    if (distance < least) {
      best = region;
      least = distance;
    }
  }
  return best;
}

/** Grows with the distance over the globe; not a length. */
function haversine([lat1, lon1]: Place, [lat2, lon2]: Place): number {
  const radians = Math.PI / 180;
  const north = Math.sin(((lat2 - lat1) * radians) / 2);
  const east = Math.sin(((lon2 - lon1) * radians) / 2);
  return north * north + Math.cos(lat1 * radians) * Math.cos(lat2 * radians) * east * east;
}
