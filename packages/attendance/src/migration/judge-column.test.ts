import type { Column, LiveType } from "@runback/core";
import { expect, test } from "vitest";
import { attendanceCodes } from "./attendance-tables.ts";
import { judgeColumn } from "./judge-column.ts";

const column = (type: string, change: Partial<Column> = {}): Column => ({
  ...{ name: "c", number: 1, type, baseType: type.replace(/\(.*/, ""), stableBinary: true, exactEquality: true },
  ...{ nullable: true, hasDefault: false, generated: false, expression: null, identity: null, ...change },
});

/** A server with three integers, two texts, one time and enumerations. */
const ddl = {
  type: (want: { kind: string; type?: string }) =>
    ({ code: "word", short: "varchar(32)", text: "text", instant: "moment(6)", "row-id": "bigint" })[want.kind] ??
    want.type!,
  liveType: ({ baseType, type }: Column): LiveType => {
    const bits = { smallint: 16, int: 32, bigint: 64 }[baseType];
    if (bits) return { family: "integer", bits };
    if (baseType === "varchar") return { family: "text", length: Number(/\d+/.exec(type)![0]) };
    if (baseType === "text") return { family: "text" };
    if (baseType === "moment") return { family: "instant" };
    if (baseType === "enum") return { family: "code", values: type.slice(5, -1).split(",") };
    return { family: "other" };
  },
};

const code = { kind: "code", values: attendanceCodes } as const;

test.each([
  ["a code as it is made", code, column("word"), "same"],
  ["a longer text", code, column("varchar(20)"), "usable"],
  ["a text that cuts a word off", code, column("varchar(6)"), "unusable"],
  ["an enumeration with every word", code, column("enum(absent,late,present,unknown)"), "usable"],
  ["an enumeration without one", code, column("enum(unknown,present,absent)"), "unusable"],
  ["a number for a word", code, column("int"), "unusable"],
  ["what nobody can write", code, column("word", { generated: true }), "unusable"],
  ["no NULL and no default", code, column("word", { nullable: false }), "unusable"],
  ["no NULL, with a default", code, column("word", { nullable: false, hasDefault: true }), "usable"],
  ["whole seconds", { kind: "instant" }, column("moment"), "usable"],
  ["a time as text", { kind: "instant" }, column("varchar(30)"), "unusable"],
  ["another case of the same type", { kind: "instant" }, column("MOMENT(6)", { baseType: "moment" }), "same"],
  ["a wider id", { kind: "like", type: "int" }, column("bigint"), "usable"],
  ["a display width", { kind: "like", type: "int" }, column("int(11)"), "same"],
  ["a narrower id", { kind: "like", type: "int" }, column("smallint"), "unusable"],
  ["an id as text", { kind: "like", type: "int" }, column("varchar(64)"), "usable"],
  ["an id as a short text", { kind: "like", type: "int" }, column("varchar(8)"), "unusable"],
  ["an id as a time", { kind: "like", type: "int" }, column("moment"), "unusable"],
  ["a short note", { kind: "text" }, column("varchar(255)"), "usable"],
  ["a key that is counted", { kind: "row-id" }, column("bigint", { identity: "default", nullable: false }), "same"],
  ["a key that is not", { kind: "row-id" }, column("bigint", { nullable: false }), "unusable"],
  ["a key that is no number", { kind: "row-id" }, column("varchar(36)", { hasDefault: true }), "unusable"],
] as const)("%s", (_, want, live, verdict) => {
  const judged = judgeColumn({ name: "c", want, nullable: want.kind !== "row-id" }, live, ddl);
  expect(judged.verdict).toBe(verdict);
  expect(judged.why.length > 0).toBe(verdict !== "same");
});
