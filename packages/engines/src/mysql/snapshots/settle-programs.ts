import { id } from "../dialect.ts";
import { dropProgram, makePrograms } from "./build-schema.ts";
import type { CopySession } from "./copy-session.ts";
import { readPrograms } from "./read-programs.ts";
import type { ProgramObject } from "./schema-object.ts";

const same = (a: ProgramObject, b: ProgramObject) =>
  (["kind", "name", "of", "sql", "sqlMode", "client", "collation", "timeZone"] as const).every(
    (key) => a[key] === b[key],
  );

/** Makes what users have of views, routines, triggers and events what is wanted. Done twice it changes nothing more. */
export async function settlePrograms(session: CopySession, wanted: readonly ProgramObject[]): Promise<void> {
  const there = await readPrograms(session);
  const right = (program: ProgramObject) => there.some((each) => same(each, program));
  // Triggers act in the order they were made in: of a table that lacks one, all are made again.
  const lacking = new Set(
    [...wanted, ...there]
      .filter(
        (program) => program.kind === "trigger" && !(right(program) && wanted.some((each) => same(each, program))),
      )
      .map(({ of }) => of),
  );
  const toMake = wanted.filter((program) => !right(program) || (program.kind === "trigger" && lacking.has(program.of)));
  const toDrop = there.filter((program) =>
    program.kind === "trigger"
      ? lacking.has(program.of)
      : !wanted.some((each) => each.kind === program.kind && each.name === program.name),
  );
  for (const program of toDrop) await dropProgram(session, program);
  // A view is replaced where it is; the others have no such statement on every server.
  for (const program of toMake) {
    if (program.kind === "view" || program.kind === "trigger") continue;
    if (there.some((each) => each.kind === program.kind && each.name === program.name))
      await dropProgram(session, program);
  }
  await makePrograms(session, toMake);
}

/** Triggers of users, off the tables that go: a name can be used once in a database. */
export async function dropTriggers(session: CopySession, triggers: readonly ProgramObject[]): Promise<void> {
  for (const { name } of triggers) await session.script(`DROP TRIGGER IF EXISTS ${id(name)}`);
}
