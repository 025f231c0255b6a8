import { signal } from "@preact/signals";

/** The title of the tab where it is not the name of the screen, such as that of a recording. */
export const pageTitle = signal<string | null>(null);
