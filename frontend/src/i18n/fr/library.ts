import { plural } from "./plural";

export const library = {
  lead: "Tous les enregistrements, du plus récent au plus ancien.",
  search: "Rechercher dans les titres et les textes",
  clearSearch: "Effacer la recherche",
  filters: "Filtres",
  filtersOn: (n: number) => `Filtres (${n})`,
  voice: "Voix",
  model: "Modèle",
  from: "Du",
  to: "Au",
  fromAfterTo: "« Du » est après « Au » : aucun enregistrement ne peut correspondre.",
  swapDays: "Inverser les jours",
  anyVoice: "Toutes les voix",
  anyModel: "Tous les modèles",
  clearAll: "Tout effacer",
  recordings: "Enregistrements",
  keys:
    "Haut et bas déplacent, droite et gauche affichent et masquent les parties, Espace sélectionne, Entrée ouvre, Suppr supprime.",
  all: (n: number, shown: string) => `${shown} ${plural(n, "enregistrement", "enregistrements")}`,
  loaded: (shown: string) => `${shown} chargés, faites défiler pour voir la suite`,
  loading: "Chargement de la suite…",
  full: (shown: string) => `${shown} enregistrements chargés. Cette page ne peut pas en afficher plus.`,
  older: (day: string) => `Voir les enregistrements jusqu’au ${day}`,
  total: (n: number, shown: string) => `${shown} ${plural(n, "enregistrement", "enregistrements")}`,
  keptTotal: (n: number, shown: string) => `${shown} ${plural(n, "conservé", "conservés")}`,
  limits: (age: string, most: string) =>
    age && most
      ? `Les enregistrements sont supprimés après ${age}, et les plus anciens au-delà de ${most}. Ceux que vous conservez restent.`
      : age
        ? `Les enregistrements sont supprimés après ${age}. Ceux que vous conservez restent.`
        : most
          ? `Les enregistrements les plus anciens sont supprimés au-delà de ${most}. Ceux que vous conservez restent.`
          : "Les enregistrements ne sont jamais supprimés automatiquement.",
  dueSoon: (n: number, shown: string) =>
    n === 1
      ? "1 enregistrement sera supprimé d’ici un jour. Conservez-le ou téléchargez-le."
      : `${shown} enregistrements seront supprimés d’ici un jour. Conservez ou téléchargez ceux qu’il vous faut.`,
  keep: "Conserver",
  stopKeeping: "Ne plus conserver",
  kept: "Conservé",
  beep: "Bip seulement",
  nowKept: (n: number) =>
    n === 1 ? "L’enregistrement est conservé." : `${n} enregistrements sont conservés.`,
  notKept: (n: number) =>
    n === 1 ? "L’enregistrement n’est plus conservé." : `${n} enregistrements ne sont plus conservés.`,
  expires: (date: string) => `Sera supprimé le ${date}`,
  expiresIn: (span: string) => `encore ${span}`,
  noRecordings: "Aucun enregistrement",
  noRecordingsHint:
    "Vos enregistrements apparaissent ici. Vous pouvez les écouter, les renommer et les télécharger.",
  newRecording: "Nouvel enregistrement",
  notFound: "Aucun enregistrement trouvé",
  notFoundHint: "Modifiez la recherche ou les filtres.",
  select: (title: string) => `Sélectionner «\u00a0${title}\u00a0»`,
  selectAll: "Sélectionner tous les enregistrements chargés",
  totals: (length: string, size: string) => `${length} · ${size}`,
  selected: (n: number, shown: string) => `${shown} ${plural(n, "sélectionné", "sélectionnés")}`,
  clearSelection: "Effacer la sélection",
  play: (title: string) => `Lire «\u00a0${title}\u00a0»`,
  pause: (title: string) => `Mettre «\u00a0${title}\u00a0» en pause`,
  more: (title: string) => `Autres actions pour «\u00a0${title}\u00a0»`,
  part: (number: number, total: number) => `Partie ${number} sur ${total}`,
  parts: (n: number, total: number) => (n === total ? `${total} parties` : `${n} parties sur ${total}`),
  showParts: (title: string) => `Afficher les parties de «\u00a0${title}\u00a0»`,
  hideParts: (title: string) => `Masquer les parties de «\u00a0${title}\u00a0»`,
  zipParts: (title: string) => `Exporter les parties de «\u00a0${title}\u00a0» en ZIP`,
  deleteParts: "Supprimer toutes les parties",
  keepParts: "Conserver toutes les parties",
  download: (title: string) => `Télécharger «\u00a0${title}\u00a0»`,
  rename: "Renommer",
  name: "Nom",
  save: "Enregistrer",
  delete: "Supprimer",
  deleted: (n: number, shown: string) =>
    n === 1 ? "Enregistrement supprimé" : `${shown} enregistrements supprimés`,
  notDeleted: (n: number, shown: string, why: string) =>
    n === 1
      ? `L’enregistrement n’a pas pu être supprimé. ${why}`
      : `${shown} enregistrements n’ont pas pu être supprimés. ${why}`,
  zip: "Exporter en ZIP",
  zipInParts: (files: string, most: string) =>
    `Un fichier ZIP contient ${most} enregistrements au plus. ${files} fichiers seront téléchargés.`,
  zipping: (part: string, parts: string, size: string) =>
    parts === "1" ? `Exportation… ${size}` : `Exportation ${part} sur ${parts}… ${size}`,
  notZipped: (why: string) => `L’exportation a échoué. ${why}`,
  inProgress: "En cours",
  queued: "En attente",
  percentDone: (percent: string) => `${percent} terminé`,
  left: (span: string) => `encore ${span} environ`,
  others: "D’autres enregistrements sont en cours.",
  failedOrCancelled: "En échec ou annulés",
  failed: "En échec",
  cancelled: "Annulé",
  remove: "Supprimer",
  andMore: (n: number) => `${n}\u00a0de plus`,
  queuedAgain: "Ajouté à la file d’attente.",
};
