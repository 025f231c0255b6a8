// Unpacks Chromium into TMPDIR, with the libraries that a bare Linux lacks.
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x"; // The package unpacks the libraries only there.
const { default: chromium } = await import("@sparticuz/chromium");
await chromium.executablePath();
