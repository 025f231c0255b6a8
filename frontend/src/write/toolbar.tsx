/** The bar above the editor: buttons that insert tags, open a file and clear the text. */

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

const PAUSE_OPTIONS_S = [0.3, 0.5, 1, 2, 5];

export function Toolbar({
  editor,
  onFile,
  onClear,
}: {
  editor: () => Editor | null;
  onFile: (file: File) => void;
  onClear: () => void;
}) {
  const fileInput = useRef<HTMLInputElement>(null);
  const dialog = useSignal<"voice" | "pronunciation" | null>(null);
  const messages = t.value.write;
  return (
    <div class="editor-toolbar row">
      <div class="row" role="toolbar" aria-label={messages.insert}>
        <Menu compact kind="quiet" icon="rest" label={messages.pause} text={messages.pause}>
          {PAUSE_OPTIONS_S.map((seconds) => (
            <Button key={seconds} kind="quiet" onPress={() => editor()?.insert(pauseTag(seconds))}>
              {messages.pauseOf(decimal(seconds))}
            </Button>
          ))}
        </Menu>
        <Button compact kind="quiet" icon="voice" onPress={() => (dialog.value = "voice")}>
          {messages.changeVoice}
        </Button>
        <Button compact kind="quiet" icon="phonemes" onPress={() => (dialog.value = "pronunciation")}>
          {messages.pronunciation}
        </Button>
      </div>
      <div class="row">
        <Button compact kind="quiet" icon="file" onPress={() => fileInput.current?.click()}>
          {messages.open}
        </Button>
        <Button compact kind="quiet" icon="trash" onPress={onClear}>
          {messages.clear}
        </Button>
      </div>
      <input
        ref={fileInput}
        type="file"
        hidden
        accept=".txt,.md,.markdown,text/plain,text/markdown"
        aria-label={messages.openHint}
        onChange={(event) => {
          const chosen = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (chosen) onFile(chosen);
        }}
      />
      {dialog.value === "voice" ? (
        <VoicePicker
          title={messages.changeVoice}
          chosen={null}
          onClose={() => (dialog.value = null)}
          onChoose={(voice) => editor()?.insert(voiceTag(voice.id))}
        />
      ) : null}
      {dialog.value === "pronunciation" ? (
        <PronunciationDialog
          selectedText={editor()?.selectedText ?? ""}
          onClose={() => (dialog.value = null)}
          onApplyHere={(tag, options) => editor()?.insert(tag, options)}
        />
      ) : null}
    </div>
  );
}
