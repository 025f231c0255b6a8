import { defineConfig } from "vitest/config";

// Addresses in the page are relative, so that it works under any path prefix of a proxy.
export default defineConfig({
  base: "./",
  build: {
    // `make studio` builds into another folder, then replaces the one that is served.
    outDir: process.env["STUDIO_DIST"] ?? "dist",
    target: "es2022",
    modulePreload: { polyfill: false },
    // A `data:` address would need a looser content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: {
    // `npm run dev` needs a running service: Vite serves the page, the gateway everything else.
    proxy: Object.fromEntries(
      [
        "/health",
        "/ready",
        "/voices",
        "/synthesize",
        "/jobs",
        "/history",
        "/export",
        "/models",
        "/analytics",
        "/workers",
        "/estimate",
      ].map((path) => [path, process.env["ORATIO_URL"] ?? "http://127.0.0.1:8000"]),
    ),
  },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
