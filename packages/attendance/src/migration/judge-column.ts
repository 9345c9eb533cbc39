import type { Column, LiveType, TableDdl, WantedColumn } from "@runback/core";

/** `same`: as this migration makes it. `usable`: another type that holds the same values. `unusable`: one that does not. */
export interface Judgement {
  readonly verdict: "same" | "usable" | "unusable";
  /** What differs, in words; empty when nothing does. */
  readonly why: readonly string[];
}

/** Whether a column that is there already can be what the migration wants, as far as its type says. */
export function judgeColumn(
  { want, nullable }: WantedColumn,
  live: Column,
  ddl: Pick<TableDdl, "type" | "liveType">,
): Judgement {
  const why: string[] = [];
  let usable = true;
  const wanted = ddl.type(want);
  const has = ddl.liveType(live);
  if (!sameType(live.type, wanted)) {
    const cannot = misfit(want, has, live, ddl);
    if (cannot !== null || !isExpected(want, has)) why.push(`is ${live.type}${cannot === null ? "" : `, ${cannot}`}`);
    else if (want.kind !== "row-id") why.push(`is ${live.type} instead of ${wanted}`);
    usable = cannot === null;
  }
  if (live.generated) {
    why.push("is generated: nothing can be written to it");
    usable = false;
  }
  if (nullable && !live.nullable) {
    // Rows that have no value yet could not be written; a default gives them one.
    why.push(live.hasDefault ? "takes no NULL" : "takes no NULL and has no default");
    usable &&= live.hasDefault;
  }
  if (want.kind === "row-id" && live.identity === null && !live.hasDefault) {
    why.push("is not counted up by the database");
    usable = false;
  }
  return { verdict: why.length === 0 ? "same" : usable ? "usable" : "unusable", why };
}

/** Spelled alike, character set and what only a new column needs apart. */
function sameType(live: string, wanted: string): boolean {
  const plain = (type: string) =>
    type
      .replace(/ (character set|collate) \w+/gi, "")
      .replace(/ (auto_increment|generated always as identity|primary key|autoincrement)/gi, "")
      .replace(/(int)\(\d+\)/gi, "$1")
      .replace(/^timestamptz$/i, "timestamp with time zone")
      .replaceAll(", ", ",")
      .trim()
      .toLowerCase();
  return plain(live) === plain(wanted);
}

const isExpected = ({ kind }: WantedColumn["want"], { family }: LiveType): boolean =>
  kind === "like" || family !== "other" || kind === "row-id";

/** Why a type cannot hold what is wanted, or null when it can. */
function misfit(
  want: WantedColumn["want"],
  has: LiveType,
  live: Column,
  ddl: Pick<TableDdl, "type" | "liveType">,
): string | null {
  switch (want.kind) {
    case "code": {
      const missing = has.values && want.values.filter((value) => !has.values!.includes(value));
      if (has.family === "code")
        return missing && missing.length > 0 ? `which has no word for ${missing.join(", ")}` : null;
      return fitsText(has, Math.max(...want.values.map((value) => value.length)));
    }
    case "short":
      return has.family === "code" ? "which takes other words only" : fitsText(has, want.length > 64 ? 64 : 16);
    case "text":
      return fitsText(has, 255);
    case "instant":
      return has.family === "instant" ? null : "which holds no instant";
    case "row-id":
      return has.family === "integer" ? null : "which cannot be counted up";
    case "like": {
      const model = ddl.liveType({ ...live, type: want.type, baseType: baseOf(want.type) });
      if (model.family === "integer" && has.family === "integer")
        return (has.bits ?? 0) >= (model.bits ?? 0) ? null : `which is too short for ${want.type}`;
      if (has.family === "text")
        return (has.length ?? 64) >= (model.family === "text" ? (model.length ?? 64) : 36)
          ? null
          : `which is too short for ${want.type}`;
      return `which does not hold ${want.type}`;
    }
  }
}

function fitsText({ family, length }: LiveType, needed: number): string | null {
  if (family !== "text") return "which is no text";
  return length !== undefined && length < needed ? `which is shorter than ${needed}` : null;
}

const baseOf = (type: string) =>
  type
    .replace(/\(.*?\)/, "")
    .replace(/ (unsigned|zerofill|character set.*)/g, "")
    .trim()
    .toLowerCase();
