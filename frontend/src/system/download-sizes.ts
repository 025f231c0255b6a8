/** Determines what is missing of a model, and estimates its size. */

import type { Model, Weights } from "./types";

/** Estimated size of one set of weights or one Hibari voice. The service knows it only once a download has begun. */
const ESTIMATED_BYTES: Record<string, number> = {
  hibari: 8e6,
  kokoro: 350e6,
  parler: 3.8e9,
  bark: 1.7e9,
  speecht5: 650e6,
  mms: 150e6,
};

/** Downloads of at least this size need confirmation. */
const CONFIRM_FROM_BYTES = 100e6;

export interface DownloadRequest {
  /** A model or one set of weights, as POST /models/download accepts it. */
  name: string;
  /** Null if the size is unknown. */
  bytes: number | null;
}

/** Returns the download of all needed files of a model that are missing, or null if none are. */
export function missingDownload(model: Model): DownloadRequest | null {
  const bytesEach = ESTIMATED_BYTES[model.alias];
  if (model.alias === "hibari") {
    const missing = model.voices.filter((voice) => !voice.present).length;
    return missing
      ? { name: model.alias, bytes: bytesEach === undefined ? null : bytesEach * missing }
      : null;
  }
  const missing = neededWeights(model).filter((weights) => weights.state !== "complete");
  if (!missing.length) return null;
  const bytes = missing.map((weights) => missingWeightsDownload(model, weights).bytes);
  return {
    name: model.alias,
    bytes: bytes.includes(null) ? null : bytes.reduce((sum: number, one) => sum + (one ?? 0), 0),
  };
}

/** Returns the download of one set of weights. Files that are present are not downloaded again. */
export function missingWeightsDownload(model: Model, weights: Weights): DownloadRequest {
  const bytesEach = ESTIMATED_BYTES[model.alias];
  return {
    name: weights.key,
    bytes: bytesEach === undefined ? null : Math.max(0, bytesEach - weights.size_bytes),
  };
}

/** Returns the weights that are needed. If all are optional, the first. */
function neededWeights(model: Model): readonly Weights[] {
  const needed = model.weights.filter((weights) => weights.need === "needed");
  return needed.length ? needed : model.weights.slice(0, 1);
}

/** Returns the size on disk, measured if all weights are complete, else estimated; null if it is unknown. */
export function diskSize(
  model: Model,
  weights: readonly Weights[],
): { bytes: number; isEstimate: boolean } | null {
  const presentBytes = weights.reduce((sum, one) => sum + one.size_bytes, 0);
  if (presentBytes > 0 && weights.every((one) => one.state === "complete"))
    return { bytes: presentBytes, isEstimate: false };
  const bytesEach = ESTIMATED_BYTES[model.alias];
  if (bytesEach === undefined) return presentBytes > 0 ? { bytes: presentBytes, isEstimate: true } : null;
  return {
    bytes: bytesEach * (model.alias === "hibari" ? Math.max(1, model.voices_known) : weights.length),
    isEstimate: true,
  };
}

export function needsConfirmation(request: DownloadRequest, model: Model): boolean {
  return request.bytes === null || request.bytes >= CONFIRM_FROM_BYTES || isNonCommercial(model);
}

export function isNonCommercial(model: Pick<Model, "license">): boolean {
  return /\bNC\b/i.test(model.license);
}

export function needsGpu(model: Pick<Model, "runs_on">): boolean {
  return /^GPU\b/i.test(model.runs_on);
}
