/**
 * The fixtures of every test: a service, and a page of the studio. The test fails when the page has a script error,
 * violates its content security policy, or sends a request to another host.
 */

import { expect, type Page, test as base } from "@playwright/test";
import { Service } from "./service";

export const test = base.extend<{ studio: Studio }, { service: Service }>({
  service: [
    async ({}, use) => {
      const service = await Service.start();
      await use(service);
      await service.stop();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  studio: async ({ page, service }, use) => {
    const studio = new Studio(page, service);
    studio.recordProblems();
    await use(studio);
    // A route handler of the test may still be running.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    expect(studio.problems, "script errors, policy violations, requests to other hosts").toEqual([]);
  },
});

export { expect, type Page };

/** The addresses of the screens, after that of the studio. */
export const SCREENS = {
  write: "",
  library: "#/library",
  system: "#/system",
  models: "#/system?tab=models",
  statistics: "#/system?tab=statistics",
} as const;

export class Studio {
  readonly problems: string[] = [];

  constructor(
    readonly page: Page,
    readonly service: Service,
  ) {}

  recordProblems(): void {
    const { page, service } = this;
    page.on("pageerror", (error) => this.problems.push(`script: ${error.message}`));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.problems.push(message.text());
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== service.url)
        this.problems.push(`request: ${request.url()}`);
    });
  }

  async open(address: string): Promise<void> {
    await this.page.goto(this.service.app + address);
    await expect(this.page.getByRole("heading", { level: 1 })).toBeAttached();
  }

  get editor() {
    return this.page.getByRole("textbox", { name: /^(Text to speak|Texte à lire)$/ });
  }

  /** Replaces the text in the editor. */
  async write(text: string): Promise<void> {
    await this.editor.click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.paste(text);
  }

  /** Dispatches the event that a browser dispatches for a paste. */
  async paste(text: string): Promise<void> {
    await this.editor.evaluate((editor, pasted) => {
      const data = new DataTransfer();
      data.setData("text/plain", pasted);
      editor.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }),
      );
    }, text);
  }

  /** Waits for the screen of a recording and returns its job. */
  async jobId(): Promise<string> {
    await this.page.waitForURL(/#\/listen\//);
    return decodeURIComponent(this.page.url().split("#/listen/")[1] ?? "");
  }

  /** The position of the player, in seconds. */
  async positionS(): Promise<number> {
    return this.page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentTime);
  }
}

/** An English text of about `chars` characters. Each `seed` gives a different text. */
export function prose(chars: number, seed = "The lamp"): string {
  const sentences = [
    `${seed} stood by the window and nobody had lit it for a week.`,
    "Rain came over the hills in the evening.",
    "She counted the steps of the mill, and then she counted them again.",
    "It was, by all accounts, a very ordinary Tuesday.",
    "The clock in the hall had opinions of its own about the time.",
  ];
  let text = "";
  for (let n = 0; text.length < chars; n++)
    text += `${sentences[n % sentences.length]}${n % 6 === 5 ? "\n\n" : " "}`;
  return text.trim();
}
