/** The default title of a recording: the first words of its text. The service uses the same rule. */

const MAX_CHARS = 80;

export function titleOf(text: string): string {
  const chars = [
    ...text
      .slice(0, 4 * MAX_CHARS)
      .trim()
      .replace(/\s+/g, " "),
  ];
  return chars.length > MAX_CHARS
    ? `${chars
        .slice(0, MAX_CHARS - 1)
        .join("")
        .trimEnd()}…`
    : chars.join("");
}
