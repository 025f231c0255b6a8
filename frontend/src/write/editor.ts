/** The sheet one writes on: a book fits in, because only what is seen of it is laid out. */

import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { Decoration, EditorView, keymap, MatchDecorator, placeholder, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { voicesById } from "../state/voices";
import { pauseS, spaced, TAG, voiceOf } from "./tags";

export interface Words {
  label: string;
  placeholder: string;
}

export interface Watched {
  onChange: () => void;
  onSpeak: () => void;
}

export class Editor {
  readonly #view: EditorView;
  readonly #words = new Compartment();

  constructor(parent: HTMLElement, { text, words, watched }: { text: string; words: Words; watched: Watched }) {
    const nonce = document.querySelector<HTMLMetaElement>("meta[name=style-nonce]")?.content ?? "";
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorView.cspNonce.of(nonce),
          keymap.of(["Mod-Enter", "Ctrl-Enter"].map((key) => ({ key, run: () => (watched.onSpeak(), true) }))),
          history(),
          keymap.of([...standardKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) watched.onChange();
          }),
          dropped,
          tagsMarked,
          this.#words.of(named(words)),
        ],
      }),
    });
  }

  /** In the language of the page. */
  name(words: Words): void {
    this.#view.dispatch({ effects: this.#words.reconfigure(named(words)) });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** UTF-16 units, without making the text. */
  get length(): number {
    return this.#view.state.doc.length;
  }

  get selected(): string {
    const { from, to } = this.#view.state.selection.main;
    return this.#view.state.sliceDoc(from, Math.min(to, from + 200));
  }

  replaceAll(text: string): void {
    this.#view.dispatch({
      changes: { from: 0, to: this.length, insert: text },
      selection: { anchor: 0 },
      scrollIntoView: true,
    });
    this.focus();
  }

  /** Where the cursor stands, parted from the words beside it. */
  insert(tag: string, { replacing = false } = {}): void {
    const { from, to } = this.#view.state.selection.main;
    const start = replacing ? from : to;
    const { doc } = this.#view.state;
    const before = doc.sliceString(Math.max(0, start - 1), start);
    const written = replacing ? tag : spaced(tag, before, doc.sliceString(to, to + 1));
    this.#view.dispatch({
      changes: { from: start, to, insert: written },
      selection: { anchor: start + written.length },
      scrollIntoView: true,
    });
    this.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#view.destroy();
  }
}

function named(words: Words): Extension {
  return [
    placeholder(words.placeholder),
    EditorView.contentAttributes.of({ "aria-label": words.label, spellcheck: "true", autocapitalize: "sentences" }),
  ];
}

/** A file that falls here is the page's to open. */
const dropped = EditorView.domEventHandlers({ drop: (event) => Boolean(event.dataTransfer?.files.length) });

const right = Decoration.mark({ class: "tag" });
const wrong = Decoration.mark({ class: "tag wrong" });

const marking = new MatchDecorator({
  regexp: TAG,
  decoration: (found) => (isWrong(found[0]) ? wrong : right),
  maxLength: 300,
});

/** What the service would refuse. A mixture of voices is for it to judge. */
function isWrong(tag: string): boolean {
  const voice = voiceOf(tag);
  if (voice === null) return /^\[pause/i.test(tag) && pauseS(tag) === null;
  const known = voicesById.peek();
  return voice === "" || (known.size > 0 && /^[a-z0-9_-]+$/.test(voice) && voice !== "default" && !known.has(voice));
}

const tagsMarked = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = marking.createDeco(view);
    }

    update(update: ViewUpdate): void {
      this.decorations = marking.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
