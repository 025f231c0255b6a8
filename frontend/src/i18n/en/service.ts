import { languageNames } from "../language-names";

/** Texts for errors and warnings of the API. Codes that are not listed here show the message of the API. */

export const service = {
  error: (code: string): string =>
    ({
      voice_not_found: "This voice does not exist. Choose another voice.",
      voice_unavailable: "This voice is not available yet. The System page shows what is missing.",
      no_worker: "No worker has started yet. Wait a moment, or check the System page.",
      format_unavailable: "No worker can create this format. Choose another format.",
      empty_text: "The text is empty. Enter a text.",
      nothing_to_speak: "The text has no letters or digits to speak. Change the text.",
      worker_crashed: "The worker crashed twice on this text. Shorten or change the text, then retry.",
      audio_gone: "The audio of this recording was deleted.",
      out_of_memory: "The worker ran out of memory. Shorten the text or choose another model, then retry.",
      timeout: "The recording took too long. Retry, or shorten the text.",
      database_unavailable: "The database is not responding. Try again in a moment.",
    })[code] ?? "",
  /** Replaces what a warning says about `GET /voices` with the place in the studio, and language tags with names. */
  warning: (message: string): string =>
    message
      .replace(/ GET \/voices says what is missing\./g, " The System page shows what is missing.")
      .replace(/[;.] GET \/voices [^.]*\./g, ".")
      .replace(
        /The voice speaks (.+?), but the text looks like (\S+?):/,
        (_, spoken: string, detected: string) =>
          `The voice speaks ${languageNames("en", spoken)}, but the text looks like ${languageNames("en", detected)}:`,
      ),
};
