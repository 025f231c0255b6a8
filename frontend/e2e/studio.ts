/** What every test of the page has: a service, and a page that must ask nobody else for anything nor break its policy. */

import { expect, test as base, type Page } from "@playwright/test";
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
    await studio.guard();
    await use(studio);
    // A handler of the test's own may be in the middle of its answer.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    expect(studio.broken, "errors of scripts, breaches of the policy, requests to other hosts").toEqual([]);
  },
});

export { expect };

export class Studio {
  readonly broken: string[] = [];

  constructor(
    readonly page: Page,
    readonly service: Service,
  ) {}

  async guard(): Promise<void> {
    const { page, service } = this;
    page.on("pageerror", (error) => this.broken.push(`script: ${error.message}`));
    page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) this.broken.push(message.text());
    });
    page.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith("http") && origin !== service.url) this.broken.push(`asked ${request.url()}`);
    });
  }

  async open(where: string): Promise<void> {
    await this.page.goto(this.service.app + where);
    await expect(this.page.getByRole("heading", { level: 1 })).toBeAttached();
  }

  get sheet() {
    return this.page.getByRole("textbox", { name: "Text to speak" });
  }

  async write(text: string): Promise<void> {
    await this.sheet.click();
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.paste(text);
  }

  /** As a browser pastes it. */
  async paste(text: string): Promise<void> {
    await this.sheet.evaluate((sheet, pasted) => {
      const data = new DataTransfer();
      data.setData("text/plain", pasted);
      sheet.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, text);
  }

  /** The job that the page went to listen to. */
  async jobId(): Promise<string> {
    await this.page.waitForURL(/#\/listen\//);
    return decodeURIComponent(this.page.url().split("#/listen/")[1] ?? "");
  }

  /** How far the sound is, in seconds. */
  async heardS(): Promise<number> {
    return this.page.locator("audio").evaluate((audio: HTMLAudioElement) => audio.currentTime);
  }
}

/** English of about so many characters; `seed` makes it another one. */
export function prose(chars: number, seed = "The lamp"): string {
  const sentences = [
    `${seed} stood by the window and nobody had lit it for a week.`,
    "Rain came over the hills in the evening.",
    "She counted the steps of the mill, and then she counted them again.",
    "It was, by all accounts, a very ordinary Tuesday.",
    "The clock in the hall had opinions of its own about the time.",
  ];
  let text = "";
  for (let n = 0; text.length < chars; n++) text += `${sentences[n % sentences.length]}${n % 6 === 5 ? "\n\n" : " "}`;
  return text.trim();
}
