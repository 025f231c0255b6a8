const NAMES = new Intl.DisplayNames(["fr"], { type: "language" });

const named = (tags: string): string =>
  tags
    .split(/,\s*/)
    .map((tag) => {
      try {
        return NAMES.of(tag) ?? tag;
      } catch {
        return tag;
      }
    })
    .join(", ");

const WARNINGS: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [
    /No worker can speak this voice, so this is only a beep, not speech\..*/,
    () => "Aucun worker ne peut dire cette voix : ce n’est qu’un bip. La page Ferme dit ce qui manque.",
  ],
  [
    /No worker that speaks this voice was running.*/,
    () => "Aucun worker ayant cette voix n’était en marche lors de la demande : elle en a attendu un.",
  ],
  [
    /The voice speaks (.+), but the text looks like (\S+): .*/,
    (spoken = "", found = "") => `La voix parle ${named(spoken)}, mais le texte semble être en ${named(found)} : elle peut mal le prononcer.`,
  ],
  [/The voice (\S+) speaks (.+), not (\S+?)[;.] .*/, (id = "", spoken = "", asked = "") => `La voix ${id} parle ${named(spoken)}, et non ${named(asked)}.`],
  [/The voice (\S+) takes no style.*/, (id = "") => `La voix ${id} n’accepte pas de style : il a été laissé de côté.`],
  [/(\d+) of (\d+) passages cannot be spoken by this voice\./, (n = "", all = "") => `Cette voix ne peut dire ${n} des ${all} passages.`],
];

export const service = {
  error: (code: string): string =>
    ({
      voice_not_found: "Il n’y a pas de voix de ce nom. Le bouton « Voix à partir d’ici » montre celles qu’il y a.",
      voice_unavailable: "Cette voix ne peut pas encore être dite ici. La page Ferme dit ce qui manque.",
      no_worker: "Aucun worker ne s’est encore annoncé. Attendez un instant, ou regardez la page Ferme.",
      format_unavailable: "Aucun worker ne sait écrire ce format. Choisissez-en un autre.",
      empty_text: "Il n’y a rien à dire dans ce texte.",
      nothing_to_speak: "Il n’y a rien à dire dans ce texte.",
      text_too_long: "Ce texte est plus long que ce que le service accepte.",
      invalid_tag: "Une marque du texte ne peut pas être suivie. Une pause s’écrit [pause:0.8s] et dure 60 s au plus ; une voix, [voice:nom].",
      invalid_style: "Ce style ne peut pas être suivi.",
      queue_full: "Le service est complet pour le moment. Réessayez un peu plus tard.",
      worker_crashed: "Le worker qui le lisait est mort deux fois. Ce texte est peut-être trop pour lui : changez-le et réessayez.",
      audio_gone: "Le son de cet enregistrement a été supprimé.",
      job_not_found: "Ce travail n’existe pas.",
      recording_not_found: "Il n’y a pas d’enregistrement de ce travail.",
      engine_failed: "Le moteur n’a pas pu le dire.",
      out_of_memory: "La mémoire du worker n’y a pas suffi.",
      timeout: "Cela a pris trop de temps.",
      database_unavailable: "La base de données du service ne répond pas. Réessayez dans un instant.",
      internal_error: "Le service a rencontré une erreur.",
    })[code] ?? "",
  warning: (said: string): string => {
    const [, voice = "", rest = said] = /^([a-z0-9_-]{1,64}): (.*)$/s.exec(said) ?? [];
    for (const [pattern, say] of WARNINGS) {
      const found = pattern.exec(rest);
      if (found) return (voice && `${voice} : `) + say(...found.slice(1));
    }
    return said;
  },
};
