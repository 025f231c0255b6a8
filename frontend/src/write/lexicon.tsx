import { useComputed } from "@preact/signals";
import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { changeSettings, settings } from "./settings";

/** The pronunciations that apply to the whole text. */
export function Lexicon() {
  const messages = t.value.write;
  const entries = useComputed(() => Object.entries(settings.value.lexicon));
  if (!entries.value.length) return null;
  return (
    <ul class="lexicon row" aria-label={messages.pronunciations}>
      {entries.value.map(([word, pronunciation]) => (
        <li key={word} class="badge">
          <bdi>{word}</bdi> → <bdi>{pronunciation}</bdi>
          <button
            type="button"
            class="remove"
            aria-label={messages.remove(word)}
            onClick={() => {
              const { [word]: _removed, ...others } = settings.value.lexicon;
              changeSettings({ lexicon: others });
            }}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
