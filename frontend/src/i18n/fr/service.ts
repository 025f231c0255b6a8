import { languageNames } from "../language-names";

/** Texts for errors and warnings of the API. Those that are not listed here show the message of the API. */

const namesOf = (tags: string): string => languageNames("fr", tags);

/** The warnings of the API, which are in English: a pattern and the French text made from its groups. */
const WARNINGS: readonly (readonly [RegExp, (...groups: string[]) => string])[] = [
  [
    /No worker can speak this voice, so this is only a beep, not speech\..*/,
    () =>
      "Aucun worker n’a cette voix\u00a0: cet enregistrement n’est qu’un bip. La page Système indique ce qui manque.",
  ],
  [
    /No worker that speaks this voice was running.*/,
    () => "Aucun worker en marche n’avait cette voix lors de la demande\u00a0: l’enregistrement a attendu.",
  ],
  [
    /The voice speaks (.+), but the text looks like (\S+): .*/,
    (spoken = "", detected = "") =>
      `Langue de la voix\u00a0: ${namesOf(spoken)}. Langue détectée du texte\u00a0: ${namesOf(detected)}. La prononciation peut être incorrecte.`,
  ],
  [
    /The voice (\S+) speaks (.+), not (\S+?)[;.] .*/,
    (id = "", spoken = "", requested = "") =>
      `Langue de la voix ${id}\u00a0: ${namesOf(spoken)}. Langue demandée\u00a0: ${namesOf(requested)}.`,
  ],
  [
    /The voice (\S+) takes no style.*/,
    (id = "") => `La voix ${id} n’accepte pas de style\u00a0: le style a été ignoré.`,
  ],
  [
    /The speech of these cues is longer than the time until the next cue, which starts late: (.+?)(?: and (\d+) more)?\./,
    (starts = "", more = "") =>
      `La lecture de ces sous-titres dure plus longtemps que le temps jusqu’au suivant, qui commence en retard\u00a0: ${starts}${more && ` et ${more} autres`}.`,
  ],
  [
    /These brackets are no tags and are read as text: (.+)\./,
    (brackets = "") => `Ces crochets ne sont pas des balises et sont lus comme du texte\u00a0: ${brackets}.`,
  ],
  [
    /These SSML elements have no effect, and their text is spoken: (.+)\./,
    (elements = "") => `Ces éléments SSML sont sans effet, et leur texte est lu\u00a0: ${elements}.`,
  ],
  [
    /These SSML attributes have no effect: (.+)\./,
    (attributes = "") => `Ces attributs SSML sont sans effet\u00a0: ${attributes}.`,
  ],
  [
    /This recording was stopped after (\d+) of (\d+) segments\./,
    (n = "", total = "") => `Cet enregistrement a été arrêté après ${n} segments sur ${total}.`,
  ],
  [
    /Lines left out as page numbers or running heads: (\d+)\./,
    (n = "") => `Lignes omises comme numéros de page ou titres courants\u00a0: ${n}.`,
  ],
  [
    /(\d+) of (\d+) (?:passages|segments) cannot be spoken by this voice\./,
    (n = "", total = "") => `Cette voix ne peut pas lire ${n} segments sur ${total}.`,
  ],
];

export const service = {
  error: (code: string): string =>
    ({
      voice_not_found: "Cette voix n’existe pas. Choisissez une autre voix.",
      voice_unavailable: "Cette voix n’est pas encore disponible. La page Système indique ce qui manque.",
      no_worker: "Aucun worker n’a encore démarré. Patientez un instant, ou consultez la page Système.",
      format_unavailable: "Aucun worker ne peut créer ce format. Choisissez un autre format.",
      empty_text: "Le texte est vide. Saisissez un texte.",
      nothing_to_speak: "Le texte ne contient ni lettre ni chiffre à lire. Modifiez le texte.",
      text_too_long: "Ce texte est trop long. Raccourcissez le texte.",
      invalid_tag:
        "Le texte contient une balise non valide. Une pause s’écrit [pause:0.8s] et dure 60\u00a0s au plus\u00a0; une voix s’écrit [voice:nom].",
      invalid_ssml: "Le SSML du texte n’est pas valide. Corrigez-le, ou enlevez <speak> au début du texte.",
      invalid_style: "Ce style n’est pas valide. Modifiez le style.",
      queue_full: "La file d’attente est pleine. Réessayez un peu plus tard.",
      worker_crashed:
        "Le worker s’est arrêté deux fois sur ce texte. Raccourcissez ou modifiez le texte, puis réessayez.",
      audio_gone: "L’audio de cet enregistrement a été supprimé.",
      job_not_found: "Cet enregistrement n’existe pas.",
      recording_not_found: "Cet enregistrement n’existe pas.",
      engine_failed: "Le moteur n’a pas pu lire ce texte. Réessayez, ou choisissez un autre modèle.",
      out_of_memory:
        "Le worker a manqué de mémoire. Raccourcissez le texte ou choisissez un autre modèle, puis réessayez.",
      timeout: "L’enregistrement a pris trop de temps. Réessayez, ou raccourcissez le texte.",
      database_unavailable: "La base de données ne répond pas. Réessayez dans un instant.",
      internal_error: "Le service a rencontré une erreur. Réessayez.",
    })[code] ?? "",
  /** In French where the warning is known. A text of several voices has the voice before its warning: `af_heart: …`. */
  warning: (message: string): string => {
    const [, voice = "", rest = message] = /^([a-z0-9_-]{1,64}): (.*)$/s.exec(message) ?? [];
    for (const [pattern, translated] of WARNINGS) {
      const found = pattern.exec(rest);
      if (found) return (voice && `${voice}\u00a0: `) + translated(...found.slice(1));
    }
    return message;
  },
};
