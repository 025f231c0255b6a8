/** Where a text is written and sent to be spoken. */

import { signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { count, span } from "../i18n/formats";
import { t } from "../i18n";
import { InProgress } from "../library/in-progress";
import { play } from "../state/player";
import { go, link, route } from "../state/route";
import { health } from "../state/service";
import { forgetTroubles, tell } from "../state/notices";
import { loadVoices } from "../state/voices";
import { titleOf } from "../state/titles";
import { Icon } from "../ui/icon";
import { explain } from "../ui/state";
import { DeliveryPanel } from "./delivery-panel";
import { asked, change, delivery, firstText, isKept, keep } from "./draft";
import { Editor } from "./editor";
import { estimate, estimateLater } from "./estimate";
import { readText } from "./files";
import { characters, parts } from "./parts";
import { PartlySent, send } from "./sending";
import { pausesS } from "./tags";
import { Toolbar } from "./toolbar";
import "./write.css";

// The text is looked at when the keys rest: a book is not counted at every one of them.
const REST_MS = 250;
const KEEP_MS = 1000;

/** The sheet that lies there now; none while one is on another screen. */
const editor: { current: Editor | null } = { current: null };
/** A text may be on its way while its writer walks about. */
const sending = signal(false);

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
  const chars = useSignal(characters(firstText));
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
    if (editor.current && !sending.value) void sendAll(editor.current.text);
  };

  const open = async (file: File): Promise<void> => {
    const text = await readText(file);
    if (text === null) tell(t.value.write.notText(file.name), { kind: "bad" });
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

function maxChars(): number {
  return health.value?.limits.max_text_chars ?? Number.POSITIVE_INFINITY;
}

async function sendAll(text: string): Promise<void> {
  const max = maxChars();
  const pieces = Number.isFinite(max) ? parts(text, { max }) : [text.trim()].filter(Boolean);
  if (!pieces.length) {
    tell(t.value.write.nothing);
    return;
  }
  forgetTroubles();
  sending.value = true;
  try {
    const jobs = await send(pieces, delivery.value);
    const first = jobs[0];
    const isHere = route.value.screen === "write";
    if (first && jobs.length === 1 && isHere) {
      void play({ jobId: first.job_id, title: titleOf(first.text), format: first.format, live: true });
      go(link("listen", first.job_id));
    } else {
      // Who has gone elsewhere meanwhile is told, not pulled away.
      tell(t.value.write.sent(jobs.length));
      if (isHere) go(link("library"));
    }
  } catch (caught) {
    const { sent, failure } = caught as PartlySent;
    if (sent.length) tell(t.value.write.sentSome(sent.length, pieces.length));
    tell(explain(failure), { kind: "bad", staysMs: 12_000 });
  } finally {
    sending.value = false;
  }
}

function Footer({ chars, sending, onSpeak }: { chars: number; sending: boolean; onSpeak: () => void }) {
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
        {isKept.value ? null : <span class="warn-text">{said.kept}</span>}
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
        {many > 1 ? said.speakParts(many) : said.speak}
        <kbd>{said.key}</kbd>
      </button>
    </div>
  );
}

function Forecast() {
  const said = t.value.write;
  const told = estimate.value;
  if (!told) return null;
  const wait = told.waitS === null ? said.waitsUnknown : told.waitS < 1 ? said.waitsNot : said.waits(span(told.waitS));
  return (
    <>
      <span class="num">{said.lasts(span(told.durationS))}</span>
      <span class="num">{wait}</span>
    </>
  );
}

/** Words that are said in a way of their own, everywhere in this text. */
function Lexicon() {
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
