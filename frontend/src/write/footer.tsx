/** Below the sheet: how long the text is, what it would take, and the way out. */

import { count, span } from "../i18n/formats";
import { t } from "../i18n";
import { Icon } from "../ui/icon";
import { isKept } from "./draft";
import { estimate } from "./estimate";
import { maxChars } from "./generation";

export function Footer({ chars, sending, onSpeak }: { chars: number; sending: boolean; onSpeak: () => void }) {
  const said = t.value.write;
  const max = maxChars();
  const many = Math.ceil(chars / max);
  return (
    <div class="desk-foot">
      <div class="figures small">
        <span class="num">
          {Number.isFinite(max) ? said.characters(count(chars), count(max)) : said.charactersOnly(chars, count(chars))}
        </span>
        <Forecast />
        {many > 1 ? <span class="warn-text">{said.tooLong(count(max), many)}</span> : null}
        {isKept.value ? null : <span class="warn-text">{said.notSaved}</span>}
      </div>
      <button
        type="button"
        class="button primary speak"
        aria-disabled={sending || chars === 0 ? "true" : undefined}
        aria-busy={sending ? "true" : undefined}
        aria-keyshortcuts="Control+Enter"
        onClick={onSpeak}
      >
        <Icon name={sending ? "spinner" : "play"} class={sending ? "spin" : ""} />
        {many > 1 ? said.generateMany(many) : said.generate}
        <kbd>{said.shortcut}</kbd>
      </button>
    </div>
  );
}

function Forecast() {
  const said = t.value.write;
  const told = estimate.value;
  if (!told) return null;
  const wait = told.waitS === null ? said.waitsForWorker : told.waitS < 1 ? said.startsNow : said.startsIn(span(told.waitS));
  return (
    <>
      <span class="num">{said.duration(span(told.durationS))}</span>
      <span class="num">{wait}</span>
    </>
  );
}
