import { type Dialect, qualifiedName, type Table, type WantedColumn } from "@runback/core";
import {
  attendanceIndex,
  auditBeside,
  auditColumns,
  auditIndex,
  auditName,
  auditUnique,
  missingKeys,
  participantColumns,
  participantKey,
  participantsName,
  removedName,
} from "./attendance-tables.ts";
import { judgeColumn } from "./judge-column.ts";

/** What is on the target now, as its catalog says. */
export interface LiveAttendance {
  readonly participants: Table | undefined;
  readonly audit: Table | undefined;
  /** The audit table was put aside to be removed, and that was interrupted. */
  readonly halfRemoved: boolean;
  /** Indexes by table and name, each with its columns. */
  readonly indexes: {
    readonly participants: ReadonlyMap<string, readonly (string | null)[]>;
    readonly audit: ReadonlyMap<string, readonly (string | null)[]>;
  };
  /** The default of `attendance_status` as the catalog spells it. */
  readonly statusDefault: string | null;
}

/** One change of the schema. */
export interface MigrationStep {
  /** `event_participants.attendance_status`. */
  readonly object: string;
  readonly kind: "column" | "default" | "index" | "table";
  readonly sql: string;
  /** What others notice while it runs. */
  readonly locks: string;
}

export interface Difference {
  readonly object: string;
  /** What is there, and what the migration would have made. */
  readonly detail: string;
}

export interface MigrationPlan {
  readonly present: readonly string[];
  readonly steps: readonly MigrationStep[];
  /** What is there in another form, and works. */
  readonly differences: readonly Difference[];
  /** What is there and cannot be used, or is not there and must be: with one of them nothing is changed. */
  readonly obstacles: readonly Difference[];
}

const briefly = "blocks event_participants for the moment it takes to note the change";
const whileBuilding =
  "blocks writes to event_participants while the index is built, where the server builds none beside them";

/** What is missing, from what is there. Steps come in an order in which each may be the last one that happened. */
export function planMigration(live: LiveAttendance, dialect: Pick<Dialect, "ddl">): MigrationPlan {
  const { ddl } = dialect;
  const present: string[] = [];
  const steps: MigrationStep[] = [];
  const differences: Difference[] = [];
  const obstacles: Difference[] = [];
  const plan = { present, steps, differences, obstacles };
  const { participants } = live;
  if (participants === undefined) {
    obstacles.push({ object: participantsName, detail: "is not on this target" });
    return plan;
  }
  for (const name of missingKeys(participants))
    obstacles.push({ object: `${participantsName}.${name}`, detail: "is not there" });
  if (participants.primaryKey.join() !== participantKey)
    obstacles.push({
      object: participantsName,
      detail: `has the primary key (${participants.primaryKey.join(", ")}) instead of (${participantKey})`,
    });
  if (live.halfRemoved)
    obstacles.push({
      object: removedName,
      detail: "is there: a rollback was interrupted, finish it with `runback attendance rollback`",
    });
  if (obstacles.length > 0) return plan;

  const look = (table: Table, wanted: WantedColumn, missing: () => void) => {
    const object = `${table.name}.${wanted.name}`;
    const column = table.columns.find(({ name }) => name === wanted.name);
    if (column === undefined) return missing();
    const { verdict, why } = judgeColumn(wanted, column, ddl);
    present.push(object);
    for (const detail of why) (verdict === "unusable" ? obstacles : differences).push({ object, detail });
  };

  for (const wanted of participantColumns(participants))
    look(participants, wanted, () =>
      steps.push({
        object: `${participantsName}.${wanted.name}`,
        kind: "column",
        sql: ddl.addColumn(participants, wanted),
        locks: briefly,
      }),
    );
  const setDefault = ddl.setDefault(participants, "attendance_status", "unknown");
  if (setDefault !== null) {
    const object = `${participantsName}.attendance_status default`;
    if (isUnknown(live.statusDefault)) present.push(object);
    else {
      if (!isNone(live.statusDefault))
        differences.push({ object, detail: `is ${live.statusDefault}, and becomes 'unknown'` });
      steps.push({ object, kind: "default", sql: setDefault, locks: briefly });
    }
  }
  planIndex(live.indexes.participants, attendanceIndex, participantsName, () =>
    ddl.createIndex(attendanceIndex.name, participants, attendanceIndex.columns),
  );

  const { audit } = live;
  if (audit === undefined) {
    steps.push({
      object: auditName,
      kind: "table",
      sql: ddl.createTable(auditBeside(participants), auditColumns(participants), auditUnique),
      locks: "none",
    });
  } else {
    present.push(auditName);
    for (const wanted of auditColumns(participants))
      look(audit, wanted, () => {
        const object = `${auditName}.${wanted.name}`;
        // Rows that are there have no value for it, and the record is not made up afterwards.
        if (wanted.want.kind === "row-id" || (!wanted.nullable && wanted.default === undefined))
          obstacles.push({ object, detail: "is not there, and rows that are have no value for it" });
        else
          steps.push({
            object,
            kind: "column",
            sql: ddl.addColumn(auditBeside(participants), { ...wanted, nullable: true }),
            locks: "blocks event_attendance_audit for the moment it takes to note the change",
          });
      });
    planAuditKeys(audit);
  }
  planIndex(live.indexes.audit, auditIndex, auditName, () =>
    ddl.createIndex(auditIndex.name, auditBeside(participants), auditIndex.columns),
  );
  return plan;

  function planIndex(
    there: ReadonlyMap<string, readonly (string | null)[]>,
    wanted: { readonly name: string; readonly columns: readonly string[] },
    table: string,
    create: () => string,
  ): void {
    const columns = there.get(wanted.name);
    if (columns === undefined) {
      const locks =
        table === participantsName ? whileBuilding : "blocks writes to event_attendance_audit while it is built";
      steps.push({ object: wanted.name, kind: "index", sql: create(), locks });
      return;
    }
    present.push(wanted.name);
    if (columns.join() !== wanted.columns.join())
      differences.push({
        object: wanted.name,
        detail: `is on (${columns.join(", ")}) instead of (${wanted.columns.join(", ")})`,
      });
  }

  function planAuditKeys(table: Table): void {
    const object = auditName;
    if (table.primaryKey.join() !== "id")
      obstacles.push({ object, detail: `has the primary key (${table.primaryKey.join(", ")}) instead of (id)` });
    const hasKey = table.columns.some(({ name }) => name === "dedupe_key");
    const unique = table.uniqueIndexes.some(
      ({ columns, predicate }) => columns.join() === "dedupe_key" && predicate === null,
    );
    if (hasKey && !unique)
      obstacles.push({ object: `${object}.dedupe_key`, detail: "is not unique: an absence could be recorded twice" });
    for (const key of table.foreignKeys) {
      const acts = [key.onDelete, key.onUpdate].some((action) => !["restrict", "no action"].includes(action));
      const said = `foreign key ${key.name} to ${qualifiedName(key.references)} (ON DELETE ${key.onDelete}, ON UPDATE ${key.onUpdate})`;
      if (acts) obstacles.push({ object, detail: `${said} would change or delete what is on record` });
      else differences.push({ object, detail: `${said} keeps what it references from being deleted` });
    }
  }
}

const isNone = (value: string | null) => value === null || /^null\b/i.test(value);
const isUnknown = (value: string | null) => value !== null && /^'?unknown'?(::[\w ."]+)?$/.test(value);
