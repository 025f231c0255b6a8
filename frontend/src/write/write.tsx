/** The screen where a text is written and sent to the service. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { InProgress } from "../library/in-progress";
import { showNotice } from "../state/notices";
import { loadVoices } from "../state/voices";
import { BeepDialog } from "./beep-dialog";
import { saveDraft, storedDraft, textToOpen } from "./draft";
import { Editor } from "./editor";
import { scheduleEstimate } from "./estimate";
import { Footer } from "./footer";
import { generate, isSubmitting } from "./generation";
import { type Findings, inspect } from "./hard-wrapped";
import { Lexicon } from "./lexicon";
import { MendDialog } from "./mend-dialog";
import { changeSettings, settings } from "./settings";
import { SettingsPanel } from "./settings-panel";
import { totalPausesS } from "./tags";
import { readTextFile } from "./text-files";
import { detectLanguage, textLanguage } from "./text-language";
import { countCharacters } from "./text-splitter";
import { Toolbar } from "./toolbar";
import "./write.css";

// The text is measured and saved when typing pauses: that is too slow for a book at every key.
const MEASURE_AFTER_MS = 250;
const SAVE_AFTER_MS = 1000;

/** Null while another screen is shown. */
const editor: { current: Editor | null } = { current: null };

/** The text to begin with when the screen is shown again. */
let draft = storedDraft;

/** Sets the text of the editor, or of the draft while another screen is shown. */
function restoreText(text: string): void {
  if (editor.current) editor.current.replaceAll(text);
  else {
    draft = text;
    saveDraft(text);
  }
}

export function Write() {
  const container = useRef<HTMLDivElement>(null);
  const chars = useSignal(0);
  const pausesS = useSignal(0);
  /** An opened text that could be mended; null without such a text. */
  const broken = useSignal<{ text: string; findings: Findings } | null>(null);
  const messages = t.value.write;
  const labels = { label: messages.text, placeholder: messages.placeholder };

  const measure = (): void => {
    if (!editor.current) return;
    const { text } = editor.current;
    chars.value = countCharacters(text);
    pausesS.value = totalPausesS(text);
    textLanguage.value = detectLanguage(text);
  };

  const submit = (): void => {
    if (editor.current && !isSubmitting.value) void generate(editor.current.text);
  };

  const openFile = async (file: File): Promise<void> => {
    const text = await readTextFile(file);
    if (text === null) showNotice(t.value.write.unreadableFile(file.name), { kind: "bad" });
    else {
      replaceText(text, t.value.write.replaced(file.name));
      const findings = inspect(text);
      broken.value = findings && { text, findings };
    }
  };

  /** Replaces the opened text by the mended one. Undo restores its lines. */
  const replaceLines = (text: string, mended: string): void => {
    editor.current?.replaceAll(mended);
    showNotice(t.value.write.mended, { action: { label: t.value.shell.undo, run: () => restoreText(text) } });
  };

  /** Replaces the text and its pronunciations. Undo restores both. */
  const replaceText = (text: string, notice: string, newLexicon: Record<string, string> = {}): void => {
    if (!editor.current) return;
    const before = editor.current.text;
    const { lexicon } = settings.value;
    editor.current.replaceAll(text);
    changeSettings({ lexicon: newLexicon });
    const undo = (): void => {
      changeSettings({ lexicon });
      restoreText(before);
    };
    if (before.trim() && before !== text)
      showNotice(notice, { action: { label: t.value.shell.undo, run: undo } });
  };

  useEffect(() => {
    if (!container.current) return;
    let measureTimer: ReturnType<typeof setTimeout> | undefined;
    let saveTimer: ReturnType<typeof setTimeout> | undefined;
    const save = (): void => {
      if (editor.current) saveDraft(editor.current.text);
    };
    const onChange = (): void => {
      clearTimeout(measureTimer);
      clearTimeout(saveTimer);
      measureTimer = setTimeout(measure, MEASURE_AFTER_MS);
      saveTimer = setTimeout(save, SAVE_AFTER_MS);
    };
    const created = new Editor(container.current, {
      text: draft,
      labels,
      handlers: { onChange, onSubmit: () => latestSubmit.current() },
    });
    editor.current = created;
    measure();
    const opened = textToOpen.value;
    if (opened) replaceText(opened.text, t.value.write.replaced(opened.title), opened.lexicon);
    textToOpen.value = null;
    addEventListener("pagehide", save);
    const onDrag = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    };
    // Handles drops anywhere on the page. Otherwise the browser would leave the page to show the file.
    const onDrop = (event: DragEvent): void => {
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void openFile(file);
    };
    addEventListener("dragover", onDrag);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onDrag);
      removeEventListener("drop", onDrop);
      removeEventListener("pagehide", save);
      draft = created.text;
      save();
      clearTimeout(measureTimer);
      clearTimeout(saveTimer);
      created.destroy();
      editor.current = null;
    };
  }, []);

  const latestSubmit = useRef(submit);
  latestSubmit.current = submit;

  useEffect(() => editor.current?.setLabels(labels), [labels.label]);
  useEffect(() => void loadVoices(), []);

  const { voiceId, speed, lane } = settings.value;
  useEffect(
    () => scheduleEstimate({ chars: chars.value, pausesS: pausesS.value, voiceId, speed, lane }),
    [chars.value, pausesS.value, voiceId, speed, lane],
  );

  return (
    <div class="screen write">
      <header class="screen-head">
        <div>
          <h1>{messages.title}</h1>
          <p>{messages.lead}</p>
        </div>
      </header>
      <section class="editor-card" aria-label={messages.text}>
        <Toolbar
          editor={() => editor.current}
          onFile={(file) => void openFile(file)}
          onClear={() => replaceText("", messages.cleared)}
        />
        <div
          class="editor"
          ref={container}
          onClick={(event) => {
            if (event.target === container.current) editor.current?.focus();
          }}
        />
        <Lexicon />
        <Footer chars={chars.value} isSubmitting={isSubmitting.value} onGenerate={submit} />
      </section>
      <aside class="write-settings stack">
        <SettingsPanel />
        <InProgress />
      </aside>
      <BeepDialog />
      {broken.value ? (
        <MendDialog
          {...broken.value}
          onMend={replaceLines}
          onClose={() => (broken.value = null)}
        />
      ) : null}
    </div>
  );
}
