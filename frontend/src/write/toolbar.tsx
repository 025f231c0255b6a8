/** Tags by buttons: a pause, another voice, how a word is said; and a text from a file. */

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { decimal } from "../i18n/formats";
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Menu } from "../ui/menu";
import type { Editor } from "./editor";
import { PronunciationDialog } from "./pronunciation-dialog";
import { pauseTag, voiceTag } from "./tags";
import { VoicePicker } from "./voice-picker";

const PAUSES_S = [0.3, 0.5, 1, 2, 5];

export function Toolbar({
  editor,
  onFile,
  onClear,
}: {
  editor: () => Editor | null;
  onFile: (file: File) => void;
  onClear: () => void;
}) {
  const file = useRef<HTMLInputElement>(null);
  const asks = useSignal<"voice" | "word" | null>(null);
  const said = t.value.write;
  return (
    <div class="tools row">
      <div class="row" role="toolbar" aria-label={said.insert}>
        <Menu compact kind="quiet" icon="rest" label={said.pause} text={said.pause}>
          {PAUSES_S.map((seconds) => (
            <Button key={seconds} kind="quiet" onPress={() => editor()?.insert(pauseTag(seconds))}>
              {said.pauseOf(decimal(seconds))}
            </Button>
          ))}
        </Menu>
        <Button compact kind="quiet" icon="voice" onPress={() => (asks.value = "voice")}>
          {said.changeVoice}
        </Button>
        <Button compact kind="quiet" icon="phonemes" onPress={() => (asks.value = "word")}>
          {said.pronunciation}
        </Button>
      </div>
      <div class="row">
        <Button compact kind="quiet" icon="file" onPress={() => file.current?.click()}>
          {said.open}
        </Button>
        <Button compact kind="quiet" icon="trash" onPress={onClear}>
          {said.clear}
        </Button>
      </div>
      <input
        ref={file}
        type="file"
        hidden
        accept=".txt,.md,.markdown,text/plain,text/markdown"
        aria-label={said.openHint}
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (chosen) onFile(chosen);
        }}
      />
      {asks.value === "voice" ? (
        <VoicePicker
          title={said.changeVoice}
          chosen={null}
          onClose={() => (asks.value = null)}
          onChoose={(voice) => editor()?.insert(voiceTag(voice.id))}
        />
      ) : null}
      {asks.value === "word" ? (
        <PronunciationDialog
          word={editor()?.selected ?? ""}
          onClose={() => (asks.value = null)}
          onHere={(tag, { replacing }) => editor()?.insert(tag, { replacing })}
        />
      ) : null}
    </div>
  );
}
