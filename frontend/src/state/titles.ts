/** What a text is called before somebody names it: its first words, as the service does it. */

const LONGEST = 80;

export function titleOf(text: string): string {
  const words = [...text.slice(0, 4 * LONGEST).trim().replace(/\s+/g, " ")];
  return words.length > LONGEST ? `${words.slice(0, LONGEST - 1).join("").trimEnd()}…` : words.join("");
}
