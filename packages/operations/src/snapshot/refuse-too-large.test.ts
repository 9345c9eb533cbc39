import type { SnapshotPort } from "@runback/core";
import type { SnapshotManifest } from "@runback/vault";
import { expect, test } from "vitest";
import { refuseTooLarge } from "./refuse-too-large.ts";

const manifest = { tables: [{ schema: "public", name: "Member", rows: 11 }] } as unknown as SnapshotManifest;
const port = (rowsAtMost?: number) => ({ rowsAtMost }) as SnapshotPort;

test("a table with more rows than a target can restore is refused by name", () => {
  expect(() => refuseTooLarge(port(10), manifest)).toThrow(
    expect.objectContaining({ code: "RESTORE_TOO_LARGE", details: { table: "Member", rows: 11, rowsAtMost: 10 } }),
  );
  expect(() => refuseTooLarge(port(11), manifest)).not.toThrow();
  expect(() => refuseTooLarge(port(), manifest)).not.toThrow();
});
