import type { VerificationReport } from "@runback/core";

export interface CountComparison {
  /** Key in the report: `members`. */
  readonly entity: string;
  /** For people: `Members`. */
  readonly label: string;
  /** Rows the bundle says there must be; undefined when the bundle does not name the entity. */
  readonly bundle: number | undefined;
  /** Rows counted; undefined when they could not be counted. */
  readonly database: number | undefined;
  /** database − bundle; undefined unless both are known. */
  readonly difference: number | undefined;
  /** `extra`: only the database has it, nothing to compare with. */
  readonly result: "match" | "differ" | "not counted" | "extra";
}

/** One line an entity, in the order of the bundle, then what only the database has. */
export function compareCounts(counts: VerificationReport["counts"]): CountComparison[] {
  const entities = new Set([...Object.keys(counts.bundle), ...Object.keys(counts.database)]);
  return [...entities].map((entity) => {
    const bundle = own(counts.bundle, entity);
    const database = own(counts.database, entity);
    const difference = bundle === undefined || database === undefined ? undefined : database - bundle;
    return { entity, label: entityLabel(entity), bundle, database, difference, result: result(bundle, database) };
  });
}

/** `members` → `Members`, `eventFees` and `event_fees` → `Event Fees`. */
export function entityLabel(entity: string): string {
  return entity
    .split(/[\s_-]+|(?<=\p{Ll})(?=\p{Lu})/u)
    .filter((word) => word !== "")
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join(" ");
}

function result(bundle: number | undefined, database: number | undefined): CountComparison["result"] {
  if (bundle === undefined) return "extra";
  if (database === undefined) return "not counted";
  return bundle === database ? "match" : "differ";
}

/** An entity may be called `constructor`: only the record's own keys count. */
function own(record: Readonly<Record<string, number>>, key: string): number | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
