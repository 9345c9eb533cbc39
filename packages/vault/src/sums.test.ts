import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@runback/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSums, parseSums } from "./sums.ts";

const HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OTHER = sha256("other");

describe("formatSums", () => {
  test("is sorted by bytes, two spaces between, a newline at the end of each line", () => {
    const sums = ["b", "row-digests/Member.json", "a b", "🙂", "ﬀ"].map((name) => ({ name, sha256: HASH }));
    expect(formatSums(sums)).toBe(
      ["a b", "b", "row-digests/Member.json", "ﬀ", "🙂"].map((name) => `${HASH}  ${name}\n`).join(""),
    );
  });

  test("escapes as coreutils does", () => {
    expect(formatSums([{ name: "a\\b\nc\rd", sha256: HASH }])).toBe(`\\${HASH}  a\\\\b\\nc\\rd\n`);
  });

  test("nothing is nothing", () => expect(formatSums([])).toBe(""));
});

describe("parseSums", () => {
  test("reads text and binary mode, upper-case hex, and a last line without newline", () => {
    const text = `${HASH}  a\n${HASH.toUpperCase()} *b\n${OTHER}   c`;
    expect(parseSums(text)).toEqual({
      sums: [
        { name: "a", sha256: HASH },
        { name: "b", sha256: HASH },
        { name: " c", sha256: OTHER },
      ],
      badLines: [],
    });
  });

  test.each([
    ["no hash", "hello"],
    ["a short hash", `${HASH.slice(1)}  a`],
    ["one space", `${HASH} a`],
    ["no name", `${HASH}  `],
    ["an empty line", ""],
    ["an unknown escape", `\\${HASH}  a\\tb`],
    ["a lone backslash at the end", `\\${HASH}  a\\`],
    ["the BSD form", `SHA256 (a) = ${HASH}`],
  ])("reports %s by its line", (_, line) => {
    expect(parseSums(`${HASH}  first\n${line}\n${HASH}  last\n`)).toEqual({
      sums: [
        { name: "first", sha256: HASH },
        { name: "last", sha256: HASH },
      ],
      badLines: [2],
    });
  });

  test("a file listed twice keeps its first hash and the repetition is bad", () => {
    expect(parseSums(`${HASH}  a\n${OTHER}  a\n`)).toEqual({ sums: [{ name: "a", sha256: HASH }], badLines: [2] });
  });

  test("reads back whatever was written", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "\\", "\n", "\r", "n", " ", "*", "/", "é"), minLength: 1 });
    fc.assert(
      fc.property(fc.uniqueArray(name), (names) => {
        const sums = names.map((each) => ({ name: each, sha256: sha256(each) }));
        const read = parseSums(formatSums(sums));
        expect(read.badLines).toEqual([]);
        expect(new Map(read.sums.map((sum) => [sum.name, sum.sha256]))).toEqual(
          new Map(sums.map((sum) => [sum.name, sum.sha256])),
        );
      }),
      { numRuns: 500 },
    );
  });
});

const hasCoreutils = (() => {
  try {
    return execFileSync("sha256sum", ["--version"], { encoding: "utf8" }).includes("GNU coreutils");
  } catch {
    return false;
  }
})();

describe.runIf(hasCoreutils)("with the sha256sum of this machine", () => {
  const odd = ["plain.json", "two words", "*star", " leading", "back\\slash", "new\nline", "quote'\"", "é", "#hash"];

  test("writes the very lines it writes, and it accepts ours", () => {
    const folder = mkdtempSync(join(tmpdir(), "runback-sums-"));
    try {
      for (const name of odd) writeFileSync(join(folder, name), name);
      const ours = formatSums(odd.map((name) => ({ name, sha256: sha256(name) })));
      const theirs = execFileSync("sha256sum", ["--", ...odd], { cwd: folder, encoding: "utf8" });
      expect(ours.split("\n").sort()).toEqual(theirs.split("\n").sort());
      writeFileSync(join(folder, "SHA256SUMS"), ours);
      const checked = execFileSync("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: folder, encoding: "utf8" });
      expect(checked.match(/: OK$/gm)).toHaveLength(odd.length);
      writeFileSync(join(folder, "plain.json"), "changed");
      expect(() => execFileSync("sha256sum", ["-c", "SHA256SUMS"], { cwd: folder, stdio: "pipe" })).toThrowError();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
