import { expect, test } from "vitest";
import { decode } from "./text-files";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

test("UTF-8 with and without its mark, and lines as everywhere", () => {
  expect(decode(new TextEncoder().encode("é\r\nb\rc"))).toBe("é\nb\nc");
  expect(decode(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe("a");
});

test("UTF-16 by its mark, and what old programs wrote", () => {
  expect(decode(bytes(0xff, 0xfe, 0x61, 0, 0xe9, 0))).toBe("aé");
  expect(decode(bytes(0xfe, 0xff, 0, 0x61))).toBe("a");
  expect(decode(bytes(0x63, 0x61, 0x66, 0xe9))).toBe("café");
});

test("what holds zeros is no text", () => {
  expect(decode(bytes(0x50, 0x4b, 0, 0))).toBeNull();
  expect(decode(bytes(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a))).toBeNull();
});
