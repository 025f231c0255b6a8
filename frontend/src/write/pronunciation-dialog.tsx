import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { changeSettings, settings } from "./settings";
import { isPhonemes, phonemeTag } from "./tags";

const CHARS_MAX = 100;

export function PronunciationDialog({
  selectedText,
  onClose,
  onApplyHere,
}: {
  selectedText: string;
  onClose: () => void;
  /** `replaceSelection` is true when the word is the selected text. */
  onApplyHere: (tag: string, options: { replaceSelection: boolean }) => void;
}) {
  const initialWord = selectedText.trim().slice(0, CHARS_MAX);
  const word = useSignal(initialWord);
  const pronunciation = useSignal("");
  const hintId = useId();
  const messages = t.value.write;
  const isComplete = word.value.trim() !== "" && pronunciation.value.trim() !== "";
  // A tag in the text takes only phonemes.
  const canApplyHere = isComplete && isPhonemes(pronunciation.value) && !/[[\]\n]/.test(word.value);
  return (
    <Dialog title={messages.pronunciation} onClose={onClose}>
      <label class="field">
        <span class="label">{messages.word}</span>
        <input
          class="input"
          dir="auto"
          maxLength={CHARS_MAX}
          value={word.value}
          autofocus={initialWord === ""}
          onInput={(event) => (word.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span class="label">{messages.pronounceAs}</span>
        <input
          class="input"
          dir="auto"
          maxLength={CHARS_MAX}
          value={pronunciation.value}
          autofocus={initialWord !== ""}
          aria-describedby={hintId}
          onInput={(event) => (pronunciation.value = event.currentTarget.value)}
        />
        <span id={hintId} class="small soft">
          {messages.pronounceAsHint}
        </span>
      </label>
      <div class="row">
        <Button
          kind="primary"
          disabled={!isComplete}
          onPress={() => {
            changeSettings({
              lexicon: { ...settings.value.lexicon, [word.value.trim()]: pronunciation.value.trim() },
            });
            onClose();
          }}
        >
          {messages.applyEverywhere}
        </Button>
        <Button
          disabled={!canApplyHere}
          onPress={() => {
            onClose();
            const replaceSelection = word.value === initialWord && initialWord !== "";
            onApplyHere(phonemeTag(word.value.trim(), pronunciation.value), { replaceSelection });
          }}
        >
          {messages.applyHere}
        </Button>
        <Button kind="quiet" onPress={onClose}>
          {t.value.shell.cancel}
        </Button>
      </div>
    </Dialog>
  );
}
