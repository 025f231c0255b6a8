/** The text editor. CodeMirror renders only the visible part, so that it can hold a book. */

import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  Decoration,
  EditorView,
  keymap,
  MatchDecorator,
  placeholder,
  ViewPlugin,
  type DecorationSet,
  type ViewUpdate,
} from "@codemirror/view";
import { voicesById } from "../state/voices";
import { pauseDurationS, TAG, voiceIdOf, withSpacing } from "./tags";

/** Texts in the language of the studio. */
export interface Labels {
  label: string;
  placeholder: string;
}

export interface Handlers {
  onChange: () => void;
  onSubmit: () => void;
}

const SELECTION_CHARS_MAX = 200;

export class Editor {
  readonly #view: EditorView;
  readonly #labels = new Compartment();

  constructor(
    parent: HTMLElement,
    { text, labels, handlers }: { text: string; labels: Labels; handlers: Handlers },
  ) {
    const nonce = document.querySelector<HTMLMetaElement>("meta[name=style-nonce]")?.content ?? "";
    const submit = (): boolean => {
      handlers.onSubmit();
      return true;
    };
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        extensions: [
          EditorView.cspNonce.of(nonce),
          keymap.of(["Mod-Enter", "Ctrl-Enter"].map((key) => ({ key, run: submit }))),
          history(),
          keymap.of([...standardKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.onChange();
          }),
          ignoreDroppedFiles,
          tagHighlighter,
          this.#labels.of(labelExtensions(labels)),
        ],
      }),
    });
  }

  setLabels(labels: Labels): void {
    this.#view.dispatch({ effects: this.#labels.reconfigure(labelExtensions(labels)) });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** In UTF-16 units. Cheaper than the length of `text`. */
  get length(): number {
    return this.#view.state.doc.length;
  }

  /** The first characters of the selection. */
  get selectedText(): string {
    const { from, to } = this.#view.state.selection.main;
    return this.#view.state.sliceDoc(from, Math.min(to, from + SELECTION_CHARS_MAX));
  }

  replaceAll(text: string): void {
    this.#view.dispatch({
      changes: { from: 0, to: this.length, insert: text },
      selection: { anchor: 0 },
      scrollIntoView: true,
    });
    this.focus();
  }

  /** Inserts a tag at the cursor, with spaces around it, or replaces the selection. */
  insert(tag: string, { replaceSelection = false } = {}): void {
    const { from, to } = this.#view.state.selection.main;
    const start = replaceSelection ? from : to;
    const { doc } = this.#view.state;
    const before = doc.sliceString(Math.max(0, start - 1), start);
    const inserted = replaceSelection ? tag : withSpacing(tag, before, doc.sliceString(to, to + 1));
    this.#view.dispatch({
      changes: { from: start, to, insert: inserted },
      selection: { anchor: start + inserted.length },
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

function labelExtensions(labels: Labels): Extension {
  return [
    placeholder(labels.placeholder),
    EditorView.contentAttributes.of({
      "aria-label": labels.label,
      spellcheck: "true",
      autocapitalize: "sentences",
    }),
  ];
}

/** The write screen opens dropped files itself. */
const ignoreDroppedFiles = EditorView.domEventHandlers({
  drop: (event) => Boolean(event.dataTransfer?.files.length),
});

const validTag = Decoration.mark({ class: "tag" });
const invalidTag = Decoration.mark({ class: "tag invalid" });

const tagDecorator = new MatchDecorator({
  regexp: TAG,
  decoration: (match) => (isInvalid(match[0]) ? invalidTag : validTag),
  maxLength: 300,
});

/** True when the service would refuse the tag. Mixtures of voices are left to the service to check. */
function isInvalid(tag: string): boolean {
  const voiceId = voiceIdOf(tag);
  if (voiceId === null) return /^\[pause/i.test(tag) && pauseDurationS(tag) === null;
  const known = voicesById.peek();
  return (
    voiceId === "" ||
    (known.size > 0 && /^[a-z0-9_-]+$/.test(voiceId) && voiceId !== "default" && !known.has(voiceId))
  );
}

const tagHighlighter = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = tagDecorator.createDeco(view);
    }

    update(update: ViewUpdate): void {
      this.decorations = tagDecorator.updateDeco(update, this.decorations);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
