/** What the service says, in words of the page. `errors` by code; what has none there is shown as it came. */

export const service = {
  error: (code: string): string =>
    ({
      voice_not_found: "There is no voice of this name. The button “Voice from here” lists those that there are.",
      voice_unavailable: "This voice cannot be spoken here yet. The Farm page tells what is missing.",
      no_worker: "No worker has announced itself yet. Wait a moment, or look at the Farm page.",
      format_unavailable: "No worker can write this format. Choose another one.",
      empty_text: "There is nothing to say in this text.",
      nothing_to_speak: "There is nothing to say in this text.",
      worker_crashed: "The worker that spoke it died, twice. This text may be more than it can bear: change it, and try again.",
      audio_gone: "The sound of this recording was removed.",
      out_of_memory: "It did not fit into the memory of the worker.",
      timeout: "It took too long.",
      database_unavailable: "The database of the service does not answer. Try again in a moment.",
    })[code] ?? "",
  /** A note of a job, which the service tells in English. */
  warning: (said: string): string =>
    said
      .replace(/ GET \/voices says what is missing\./g, " The Farm page tells what is missing.")
      .replace(/[;.] GET \/voices [^.]*\./g, "."),
};
