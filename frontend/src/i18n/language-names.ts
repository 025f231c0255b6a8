/** Returns the names of languages from their tags: `fr, en-GB` is `French, British English` in English. */
export function languageNames(language: string, tags: string): string {
  const names = new Intl.DisplayNames([language], { type: "language" });
  return tags
    .split(/,\s*/)
    .map((tag) => {
      try {
        return names.of(tag) ?? tag;
      } catch {
        return tag;
      }
    })
    .join(", ");
}
