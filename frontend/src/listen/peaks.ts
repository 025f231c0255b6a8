/** How loud a sound is, from its beginning to its end. */

export const PEAKS = 1200;
// Enough to see where somebody speaks, and a sixth of the memory that 48 kHz would take.
const RATE_HZ = 8000;

/** Fetches and decodes the whole sound; raw samples need no decoder. Throws when it cannot. */
export async function peaksOf(source: string, { isRaw }: { isRaw: boolean }): Promise<Float32Array<ArrayBuffer>> {
  const response = await fetch(source);
  if (!response.ok) throw new Error(response.statusText);
  if (isRaw) return loudest(fromRaw(await response.arrayBuffer()), PEAKS);
  const context = new OfflineAudioContext(1, 1, RATE_HZ);
  const decoded = await context.decodeAudioData(await response.arrayBuffer());
  return loudest(decoded.getChannelData(0), PEAKS);
}

/** 16 bit, little-endian, one channel: what the format pcm is. */
export function fromRaw(data: ArrayBuffer): Float32Array {
  const samples = new DataView(data);
  return Float32Array.from({ length: Math.floor(data.byteLength / 2) }, (_, at) => samples.getInt16(2 * at, true) / 32768);
}

/** The loudest sample of each of `count` equal stretches. */
export function loudest(samples: Float32Array, count: number): Float32Array<ArrayBuffer> {
  const peaks = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const [from, to] = [index, index + 1].map((n) => Math.floor((n * samples.length) / count)) as [number, number];
    let most = 0;
    for (let at = from; at < to; at++) most = Math.max(most, Math.abs(samples[at] as number));
    peaks[index] = most;
  }
  return peaks;
}
