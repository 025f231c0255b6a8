import { t } from "../i18n";
import { modelName } from "../state/models";
import { link } from "../state/route";
import { Button } from "../ui/button";
import { closeDialog, Dialog } from "../ui/dialog";
import { beepQuestion, generate } from "./generation";

const MODELS_PAGE = link("system", undefined, new URLSearchParams({ tab: "models" }));

/** Asks before a text is generated with voices that no worker can speak. */
export function BeepDialog() {
  const question = beepQuestion.value;
  if (!question) return null;
  const { text, voices } = question;
  const messages = t.value.write;
  const isRefused = voices.some((voice) => voice.provider === null);
  return (
    <Dialog title={messages.beepTitle(voices.length)} onClose={() => (beepQuestion.value = null)}>
      <ul class="stack">
        {voices.map((voice) => (
          <li key={voice.id}>
            <strong>
              <bdi>{voice.name}</bdi>
            </strong>{" "}
            <span class="soft">{modelName(voice.model)}</span>
          </li>
        ))}
      </ul>
      <p>
        {isRefused ? messages.refusedText : messages.beepText(voices.length)}{" "}
        <a href={MODELS_PAGE} onClick={() => (beepQuestion.value = null)}>
          {messages.toModels}
        </a>
      </p>
      <div class="row dialog-actions">
        {isRefused ? null : (
          <Button
            onPress={(event) => {
              closeDialog(event);
              void generate(text, { acceptsBeeps: true });
            }}
          >
            {messages.generateBeep}
          </Button>
        )}
        <Button kind="primary" onPress={closeDialog}>
          {messages.backToText}
        </Button>
      </div>
    </Dialog>
  );
}
