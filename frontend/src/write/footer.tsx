/** The bar below the editor: length of the text, estimate, and the button that generates. */

import { count, span } from "../i18n/formats";
import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { isSaved } from "./draft";
import { estimate } from "./estimate";
import { maxTextChars } from "./generation";

export function Footer({
  chars,
  isSubmitting,
  onGenerate,
}: {
  chars: number;
  isSubmitting: boolean;
  onGenerate: () => void;
}) {
  const messages = t.value.write;
  const maxChars = maxTextChars();
  const recordings = Math.ceil(chars / maxChars);
  return (
    <div class="editor-footer">
      <div class="text-stats small">
        <span class="num">
          {Number.isFinite(maxChars)
            ? messages.characters(count(chars), count(maxChars))
            : messages.charactersOnly(chars, count(chars))}
        </span>
        <EstimateText />
        {recordings > 1 ? (
          <span class="warn-text">{messages.tooLong(count(maxChars), recordings)}</span>
        ) : null}
        {isSaved.value ? null : <span class="warn-text">{messages.notSaved}</span>}
      </div>
      <button
        type="button"
        class="button primary generate"
        aria-disabled={isSubmitting || chars === 0 ? "true" : undefined}
        aria-busy={isSubmitting ? "true" : undefined}
        aria-keyshortcuts="Control+Enter"
        onClick={onGenerate}
      >
        <Icon name={isSubmitting ? "spinner" : "play"} class={isSubmitting ? "spin" : ""} />
        {recordings > 1 ? messages.generateMany(recordings) : messages.generate}
        <kbd>{messages.shortcut}</kbd>
      </button>
    </div>
  );
}

function EstimateText() {
  if (!estimate.value) return null;
  const { durationS, waitS } = estimate.value;
  return (
    <>
      <span class="num">{t.value.write.duration(span(durationS))}</span>
      <span class="num">{startText(waitS)}</span>
    </>
  );
}

function startText(waitS: number | null): string {
  const messages = t.value.write;
  if (waitS === null) return messages.waitsForWorker;
  return waitS < 1 ? messages.startsNow : messages.startsIn(span(waitS));
}
