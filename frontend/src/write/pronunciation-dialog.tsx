import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { change, delivery } from "./draft";
import { isPhonemes, phonemeTag } from "./tags";

const LONGEST = 100;

export function PronunciationDialog({
  word: given,
  onClose,
  onHere,
}: {
  word: string;
  onClose: () => void;
  /** `replacing`: the word is what is selected in the text. */
  onHere: (tag: string, how: { replacing: boolean }) => void;
}) {
  const first = given.trim().slice(0, LONGEST);
  const word = useSignal(first);
  const how = useSignal("");
  const hint = useId();
  const said = t.value.write;
  const isWhole = word.value.trim() !== "" && how.value.trim() !== "";
  const fitsHere = isWhole && isPhonemes(how.value) && !/[[\]\n]/.test(word.value);
  return (
    <Dialog title={said.pronunciation} onClose={onClose}>
      <label class="field">
        <span class="label">{said.word}</span>
        <input
          class="input"
          dir="auto"
          maxLength={LONGEST}
          value={word.value}
          autofocus={first === ""}
          onInput={(event) => (word.value = event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span class="label">{said.pronounceAs}</span>
        <input
          class="input"
          dir="auto"
          maxLength={LONGEST}
          value={how.value}
          autofocus={first !== ""}
          aria-describedby={hint}
          onInput={(event) => (how.value = event.currentTarget.value)}
        />
        <span id={hint} class="small soft">
          {said.pronounceAsHint}
        </span>
      </label>
      <div class="row">
        <Button
          kind="primary"
          disabled={!isWhole}
          onPress={() => {
            change({ lexicon: { ...delivery.value.lexicon, [word.value.trim()]: how.value.trim() } });
            onClose();
          }}
        >
          {said.applyEverywhere}
        </Button>
        <Button
          disabled={!fitsHere}
          onPress={() => {
            onClose();
            onHere(phonemeTag(word.value.trim(), how.value), { replacing: word.value === first && first !== "" });
          }}
        >
          {said.applyHere}
        </Button>
        <Button kind="quiet" onPress={onClose}>
          {t.value.shell.cancel}
        </Button>
      </div>
    </Dialog>
  );
}
