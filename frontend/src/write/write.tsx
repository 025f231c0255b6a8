/** Where a text is written and sent to be spoken. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import { InProgress } from "../library/in-progress";
import { tell } from "../state/notices";
import { loadVoices } from "../state/voices";
import { DeliveryPanel } from "./settings-panel";
import { asked, change, delivery, firstText, keep } from "./draft";
import { Editor } from "./editor";
import { estimateLater } from "./estimate";
import { readText } from "./text-files";
import { Footer } from "./footer";
import { Lexicon } from "./lexicon";
import { characters } from "./text-splitter";
import { sending, speak as speakText } from "./generation";
import { pausesS } from "./tags";
import { Toolbar } from "./toolbar";
import "./write.css";

// The text is looked at when the keys rest: a book is not counted at every one of them.
const REST_MS = 250;
const KEEP_MS = 1000;

/** The sheet that lies there now; none while one is on another screen. */
const editor: { current: Editor | null } = { current: null };

/** Onto the sheet, or where the sheet will take it from. */
function lay(text: string): void {
  if (editor.current) editor.current.replaceAll(text);
  else {
    draft.text = text;
    keep(text);
  }
}

export function Write() {
  const sheet = useRef<HTMLDivElement>(null);
  const chars = useSignal(0);
  const restS = useSignal(0);
  const said = t.value.write;
  const words = { label: said.text, placeholder: said.placeholder };

  const look = (): void => {
    if (!editor.current) return;
    const { text } = editor.current;
    chars.value = characters(text);
    restS.value = pausesS(text);
  };

  const speak = (): void => {
    if (editor.current && !sending.value) void speakText(editor.current.text);
  };

  const open = async (file: File): Promise<void> => {
    const text = await readText(file);
    if (text === null) tell(t.value.write.unreadableFile(file.name), { kind: "bad" });
    else put(text, t.value.write.replaced(file.name));
  };

  /** Another text in place of this one, which can be had back with the pronunciations that were made for it. */
  const put = (text: string, saying: string): void => {
    const now = editor.current;
    if (!now) return;
    const [before, { lexicon }] = [now.text, delivery.value];
    now.replaceAll(text);
    change({ lexicon: {} });
    const run = (): void => {
      change({ lexicon });
      lay(before);
    };
    if (before.trim() && before !== text) tell(saying, { action: { label: t.value.shell.undo, run } });
  };

  useEffect(() => {
    if (!sheet.current) return;
    let resting: ReturnType<typeof setTimeout> | undefined;
    let keeping: ReturnType<typeof setTimeout> | undefined;
    const keepNow = (): void => {
      if (editor.current) keep(editor.current.text);
    };
    const onChange = (): void => {
      clearTimeout(resting);
      clearTimeout(keeping);
      resting = setTimeout(look, REST_MS);
      keeping = setTimeout(keepNow, KEEP_MS);
    };
    const made = new Editor(sheet.current, {
      text: draft.text,
      words,
      watched: { onChange, onSpeak: () => latest.current() },
    });
    editor.current = made;
    look();
    if (asked.value) put(asked.value.text, t.value.write.replaced(asked.value.title));
    asked.value = null;
    addEventListener("pagehide", keepNow);
    const onDrag = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    };
    // Wherever it falls: a browser would leave the page to show it.
    const onDrop = (event: DragEvent): void => {
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void open(file);
    };
    addEventListener("dragover", onDrag);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onDrag);
      removeEventListener("drop", onDrop);
      removeEventListener("pagehide", keepNow);
      draft.text = made.text;
      keepNow();
      clearTimeout(resting);
      clearTimeout(keeping);
      made.destroy();
      editor.current = null;
    };
  }, []);

  const latest = useRef(speak);
  latest.current = speak;

  useEffect(() => editor.current?.name(words), [words.label]);
  useEffect(() => void loadVoices(), []);

  const { voiceId, speed, lane } = delivery.value;
  useEffect(
    () => estimateLater({ chars: chars.value, restS: restS.value, voiceId, speed, lane }),
    [chars.value, restS.value, voiceId, speed, lane],
  );

  return (
    <div class="screen write">
      <header class="screen-head">
        <div>
          <h1>{said.title}</h1>
          <p>{said.lead}</p>
        </div>
      </header>
      <section class="desk" aria-label={said.text}>
        <Toolbar editor={() => editor.current} onFile={(file) => void open(file)} onClear={() => put("", said.cleared)} />
        <div
          class="sheet"
          ref={sheet}
          onClick={(event) => {
            if (event.target === sheet.current) editor.current?.focus();
          }}
        />
        <Lexicon />
        <Footer chars={chars.value} sending={sending.value} onSpeak={speak} />
      </section>
      <aside class="side stack">
        <DeliveryPanel />
        <InProgress />
      </aside>
    </div>
  );
}

/** What was written last, while one is on another screen. */
const draft = { text: firstText };
