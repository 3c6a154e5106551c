import { createHash } from "node:crypto";
import { AnnoyEdgeError, ArtifactError } from "../../worker/core/format/errors.ts";
import { encoderKey, packKey, pageKey, versionKey } from "../../worker/core/format/keys.ts";
import { decodePlacement, type Placement } from "../../worker/core/format/placement.ts";
import {
  type PublishedManifest,
  parsePublishedManifest,
  parseShardManifest,
} from "../../worker/storage/manifest.ts";
import type { Progress } from "../settings/progress.ts";
import { encoderSoundness } from "./encoder.ts";
import { type Expected, soundnessOf } from "./objects.ts";
import { partsOf } from "./published-manifest.ts";
import type { PublishStore } from "./store.ts";
import { neededPages, type PageState, surveyPages } from "./survey.ts";

/** Something of a published version that is not as it was published. */
export interface Finding {
  readonly kind: "manifest" | "forest" | "placement" | "page" | "pack" | "encoder";
  readonly fault: "missing" | "changed";
  /** Key in R2 or KV. */
  readonly key: string;
  /** `restore`: R2 and KV hold what mends it. `publish`: the artifact is needed. */
  readonly mendedBy: "restore" | "publish";
}

/** A published version and what is wrong with it. */
export interface VersionState {
  /** Undefined when it cannot be read. */
  readonly manifest: PublishedManifest | undefined;
  /** Pages of the parts whose placement is sound. */
  readonly placements: readonly Placement[];
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  /** Reads every page and its second copy; else keys, lengths and etags are looked at. */
  readonly deep?: boolean;
  /**
   * Expected content of a part's forest, where the artifact is at hand; else what the manifest says. The encoder is then
   * compared by who has its file.
   */
  readonly forestOf?: (shard: number | undefined) => Promise<Expected> | undefined;
  readonly onProgress?: (progress: Progress) => void;
}

/** Holds everything that a version consists of against what names it: hashes, etags, lengths, keys. */
export async function checkVersion(
  store: PublishStore,
  name: string,
  version: string,
  options: CheckOptions = {},
): Promise<VersionState> {
  const state = await checkIndex(store, name, version, options);
  const { encoder, etags } = state.manifest ?? {};
  if (!encoder || options.forestOf) return state;
  const fault = await encoderSoundness(store, encoder, etags?.encoder ? [etags.encoder] : []);
  if (fault === "sound") return state;
  const key = encoderKey(encoder.contentHash);
  return { ...state, findings: [...state.findings, { kind: "encoder", fault, key, mendedBy: "publish" }] };
}

/** All of a version but its encoder, which is the base's too. */
async function checkIndex(
  store: PublishStore,
  name: string,
  version: string,
  options: CheckOptions,
): Promise<VersionState> {
  const findings: Finding[] = [];
  const whole = await readManifestOf(store, findings, versionKey(name, version, "manifest.json"), (text) =>
    parsePublishedManifest(text, version),
  );
  if (!whole) return { manifest: undefined, placements: [], findings };
  const placements: Placement[] = [];
  for (const ref of partsOf(whole)) {
    const shard = ref?.number;
    const manifest = ref
      ? await readManifestOf(store, findings, versionKey(name, version, "manifest.json", shard), (text) =>
          parseShardManifest(text, version, ref),
        )
      : whole;
    if (!manifest) continue;
    const key = versionKey(name, version, "forest.bin", shard);
    const { bytes, sha256 } = manifest.files["forest.bin"];
    const etags = manifest.etags ? [manifest.etags.forest] : [];
    const state = await soundnessOf(
      store,
      key,
      (await options.forestOf?.(shard)) ?? { bytes, sha256, etags },
    );
    if (state !== "sound") findings.push({ kind: "forest", fault: state, key, mendedBy: "publish" });
    const placement = await readPlacementOf(
      store,
      findings,
      versionKey(name, version, "placement.bin", shard),
      manifest.placement.sha256,
    );
    if (placement) placements.push(placement);
  }
  const pages = await surveyPages(store, name, neededPages(placements), options);
  findings.push(...pages.flatMap((page) => findingsOf(name, page)));
  if (!whole.base) return { manifest: whole, placements, findings };
  // Readers need both: what is wrong with the base is wrong with the version.
  const { forestOf: _, ...rest } = options;
  const base = await checkIndex(store, name, whole.base.version, rest);
  return {
    manifest: whole,
    placements: [...placements, ...base.placements],
    findings: [...findings, ...base.findings],
  };
}

async function readManifestOf(
  store: PublishStore,
  findings: Finding[],
  key: string,
  parse: (text: string) => PublishedManifest,
): Promise<PublishedManifest | undefined> {
  const object = await store.getObject(key);
  try {
    if (object) return parse(new TextDecoder().decode(object.bytes));
  } catch (error) {
    if (!(error instanceof AnnoyEdgeError)) throw error;
  }
  const fault = object ? "changed" : "missing";
  findings.push({ kind: "manifest", fault, key, mendedBy: "publish" });
  return undefined;
}

async function readPlacementOf(
  store: PublishStore,
  findings: Finding[],
  key: string,
  sha256: string,
): Promise<Placement | undefined> {
  const object = await store.getObject(key);
  try {
    if (object && createHash("sha256").update(object.bytes).digest("hex") === sha256)
      return decodePlacement(object.bytes);
  } catch (error) {
    if (!(error instanceof ArtifactError)) throw error;
  }
  findings.push({ kind: "placement", fault: object ? "changed" : "missing", key, mendedBy: "publish" });
  return undefined;
}

function findingsOf(name: string, { page, pack, kv, copy }: PageState): Finding[] {
  const findings: Finding[] = [];
  if (kv !== "sound") {
    const mendedBy = copy === "sound" ? "restore" : "publish";
    findings.push({ kind: "page", fault: kv, key: pageKey(name, page.hash), mendedBy });
  }
  if (copy !== "sound") {
    findings.push({ kind: "pack", fault: copy, key: packKey(name, pack), mendedBy: "publish" });
  }
  return findings;
}
