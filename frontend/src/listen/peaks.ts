/** Computes the peaks of audio, from which a waveform is drawn. */

export const PEAKS = 1200;
// Enough to show where there is speech, and a sixth of the memory that 48 kHz would take.
const SAMPLE_RATE_HZ = 8000;

/** Fetches and decodes the whole audio. PCM needs no decoder. Throws when the audio cannot be fetched or decoded. */
export async function loadPeaks(
  url: string,
  { isPcm }: { isPcm: boolean },
): Promise<Float32Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  if (isPcm) return computePeaks(decodePcm(await response.arrayBuffer()), PEAKS);
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE_HZ);
  const decoded = await context.decodeAudioData(await response.arrayBuffer());
  return computePeaks(decoded.getChannelData(0), PEAKS);
}

/** The samples of the format `pcm`, from -1 to 1: 16 bit, little-endian, one channel. */
export function decodePcm(data: ArrayBuffer): Float32Array {
  const samples = new DataView(data);
  return Float32Array.from(
    { length: Math.floor(data.byteLength / 2) },
    (_, index) => samples.getInt16(2 * index, true) / 32768,
  );
}

/** The largest absolute value in each of `count` equal intervals. */
export function computePeaks(samples: Float32Array, count: number): Float32Array<ArrayBuffer> {
  const peaks = new Float32Array(count);
  for (let interval = 0; interval < count; interval++) {
    const start = Math.floor((interval * samples.length) / count);
    const end = Math.floor(((interval + 1) * samples.length) / count);
    let peak = 0;
    for (let index = start; index < end; index++) peak = Math.max(peak, Math.abs(samples[index] as number));
    peaks[interval] = peak;
  }
  return peaks;
}
