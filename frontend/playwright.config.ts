import { defineConfig } from "@playwright/test";

// Each process has a browser and a service of its own; what is measured runs alone.
const measures = process.env["BENCH"] === "1";

export default defineConfig({
  testDir: "e2e",
  testMatch: measures ? "*.bench.ts" : "*.spec.ts",
  workers: measures ? 1 : 2,
  fullyParallel: false,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  retries: 0,
  forbidOnly: true,
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    reducedMotion: "reduce",
    acceptDownloads: true,
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
