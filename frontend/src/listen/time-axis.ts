/** The times that are marked below a waveform. */

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000];
const MARKS_MAX = 6;

/** Round times from 0 on, few enough to be read on a phone. None is so near to the end that its text would not fit. */
export function axisTimesS(durationS: number): number[] {
  const stepS = STEPS_S.find((step) => durationS / step <= MARKS_MAX) ?? durationS / MARKS_MAX;
  const times = Array.from({ length: Math.floor(durationS / stepS) + 1 }, (_, index) => index * stepS);
  return times.filter((time) => time <= 0.92 * durationS);
}
