import { useComputed } from "@preact/signals";
import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { change, delivery } from "./draft";

/** Words that are said in a way of their own, everywhere in this text. */
export function Lexicon() {
  const said = t.value.write;
  const entries = useComputed(() => Object.entries(delivery.value.lexicon));
  if (!entries.value.length) return null;
  return (
    <ul class="lexicon row" aria-label={said.pronunciations}>
      {entries.value.map(([word, how]) => (
        <li key={word} class="badge">
          <bdi>{word}</bdi> → <bdi>{how}</bdi>
          <button
            type="button"
            class="drop"
            aria-label={said.remove(word)}
            onClick={() => {
              const { [word]: _gone, ...left } = delivery.value.lexicon;
              change({ lexicon: left });
            }}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
