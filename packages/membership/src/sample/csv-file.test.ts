import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvRow, writeCsvFile } from "./csv-file.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "runback-csv-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("csvRow", () => {
  it("quotes what RFC 4180 asks for, and nothing else", () => {
    expect(csvRow(["plain", "", "a,b", 'say "hi"', "two\r\nlines", " edge "])).toBe(
      'plain,,"a,b","say ""hi""","two\r\nlines"," edge "\r\n',
    );
  });

  it("comes back unchanged from an independent parser", () => {
    const field = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: fc.constantFrom('"', ",", "\r", "\n", " ", "é", "𠮷") }),
    );
    // One empty field alone is an empty line, which parsers may skip: records have two fields at least.
    const record = fc.array(field, { minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
        const text = records.map(csvRow).join("");
        expect(parse(text, { recordDelimiter: "\r\n" })).toEqual(records);
      }),
    );
  });
});

describe("writeCsvFile", () => {
  it("counts the records, and hashes the bytes it wrote", async () => {
    const path = join(directory, "deep", "file.csv");
    const rows = Array.from({ length: 30_000 }, (_, index) => [String(index), "ünïcode, “quoted”"]);
    const written = await writeCsvFile(path, ["id", "text"], rows);
    const bytes = await readFile(path);
    expect(written).toEqual({ rows: 30_000, sha256: createHash("sha256").update(bytes).digest("hex") });
    expect(parse(bytes)).toEqual([["id", "text"], ...rows]);
    expect(bytes.subarray(0, 4).toString()).toBe("id,t");
  });

  it("leaves the earlier file alone and no partial one when the rows break off", async () => {
    const path = join(directory, "file.csv");
    const before = await writeCsvFile(path, ["id"], [["1"]]);
    const breaking = function* () {
      yield ["2"];
      throw new Error("source broke off");
    };
    await expect(writeCsvFile(path, ["id"], breaking())).rejects.toThrow("source broke off");
    expect(await readdir(directory)).toEqual(["file.csv"]);
    expect(
      createHash("sha256")
        .update(await readFile(path))
        .digest("hex"),
    ).toBe(before.sha256);
  });
});
