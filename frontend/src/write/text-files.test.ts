import { expect, test } from "vitest";
import { decodeText } from "./text-files";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

test("UTF-8 is decoded with and without a byte order mark, and line ends become \\n", () => {
  expect(decodeText(new TextEncoder().encode("é\r\nb\rc"))).toBe("é\nb\nc");
  expect(decodeText(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe("a");
});

test("UTF-16 is detected by its byte order mark, and anything else is read as Windows-1252", () => {
  expect(decodeText(bytes(0xff, 0xfe, 0x61, 0, 0xe9, 0))).toBe("aé");
  expect(decodeText(bytes(0xfe, 0xff, 0, 0x61))).toBe("a");
  expect(decodeText(bytes(0x63, 0x61, 0x66, 0xe9))).toBe("café");
});

test("data with null bytes is not text", () => {
  expect(decodeText(bytes(0x50, 0x4b, 0, 0))).toBeNull();
  expect(decodeText(bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a))).toBeNull();
});
