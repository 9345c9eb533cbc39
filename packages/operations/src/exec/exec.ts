import { basename } from "node:path";
import {
  type Catalog,
  digestOf,
  findTable,
  type Lease,
  qualifiedName,
  RunbackError,
  sameTable,
  sha256,
  type Table,
} from "@runback/core";
import { raiseAlert, resolveAlert } from "../alerts/raise-alert.ts";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";
import { assertNotFrozen } from "../freeze/assert-not-frozen.ts";
import { createRunId } from "../random-id.ts";
import { holdLease, releaseLease, takeLease } from "../run/lease-guard.ts";
import { chooseTables } from "./choose-tables.ts";
import type { ExecOptions, ExecResult } from "./exec-options.ts";
import { keepLease } from "./keep-lease.ts";
import { type Ended, runProgram } from "./run-program.ts";

const enrolTimeoutMs = 10_000;

/**
 * Runs any program as a journaled run: whatever it changes in the tables, through whatever sessions it opens with the
 * environment it is given, can be taken back. A program that fails leaves a failed run, which can be taken back too.
 *
 * @throws `EXEC_UNSUPPORTED`, `TABLE_WITHOUT_KEY`, `TABLE_NOT_FOUND`, `TABLE_APPEND_ONLY`, `RUN_NOT_NAMED`,
 *   `PROGRAM_NOT_STARTED`: nothing was changed then. `LEASE_LOST` when the run was taken over (rolled back) meanwhile
 */
export async function runExec(context: Context, options: ExecOptions): Promise<ExecResult> {
  const { engine, clock } = context;
  if (!engine.capabilities.programSessions) {
    throw new RunbackError(
      "EXEC_UNSUPPORTED",
      `A program's sessions cannot be made to name its run on a ${engine.name} target.`,
      {
        recovery:
          "Nothing was started. Make the change a migration, or take a snapshot first. It works where programs can connect and carry a setting, such as postgres://….",
      },
    );
  }
  await assertNotFrozen(context);
  const began = clock.now();
  const catalog = await prepare(context, options);
  const own = (options.appendOnly ?? []).flatMap((ref) => findTable(catalog, qualifiedName(ref)) ?? []);
  const tables = chooseTables(catalog, [...(await engine.audit.tables(engine)), ...own], options.tables);
  const runId = createRunId(context);
  const environment = await engine.sessionEnvironment(options.targetUrl, runId, options.env);
  // A lease of its own: other programs may run beside this one, but nobody takes it back while it is writing.
  const lease = await takeLease(context, `migration:${migrationName(runId)}`, runId);
  try {
    await record(context, options, runId, tables, lease);
  } catch (error) {
    await releaseLease(context, lease).catch(() => {});
    throw error;
  }
  const kept = keepLease(context, lease);
  try {
    const env = { ...options.env, ...environment };
    const ended = await runProgram(
      options,
      env,
      AbortSignal.any([kept.lost, ...(context.signal ? [context.signal] : [])]),
    );
    const result: ExecResult = {
      runId,
      ...ended,
      rows: await engine.journal.rows(engine, runId),
      tables: tables.map(qualifiedName),
      notJournaled: changedShape(catalog, await engine.catalog()),
      durationMs: clock.now().getTime() - began.getTime(),
    };
    await conclude(context, options, result, lease);
    return result;
  } catch (error) {
    if (error instanceof RunbackError && error.code === "PROGRAM_NOT_STARTED")
      await refuse(context, options, runId, lease, error);
    throw error;
  } finally {
    kept.stop();
  }
}

/** The run's own name: a rollback takes the lease of the migration, and must wait for this program alone. */
const migrationName = (runId: string) => `exec:${runId}`;

async function prepare({ engine }: Context, { auditTable }: ExecOptions): Promise<Catalog> {
  await engine.init();
  const catalog = await engine.catalog();
  if (auditTable.schema !== "runback" && !catalog.tables.some((table) => sameTable(table, auditTable))) {
    throw new RunbackError(
      "AUDIT_TABLE_MISSING",
      `The audit table ${qualifiedName(auditTable)} is not on this target.`,
      {
        recovery: "Nothing was started. Run `runback init` first.",
      },
    );
  }
  await engine.transaction(async (tx) => {
    await engine.lockInit(tx);
    await engine.protectAudit(tx, auditTable);
  });
  return catalog;
}

async function record(
  context: Context,
  options: ExecOptions,
  runId: string,
  tables: readonly Table[],
  lease: Lease,
): Promise<void> {
  const { engine, clock } = context;
  await engine.transaction(
    async (tx) => {
      await holdLease(context, tx, lease);
      await engine.store.createRun(tx, {
        runId,
        kind: "exec",
        mode: "live",
        migration: migrationName(runId),
        operator: options.operator,
        startedAt: clock.now().toISOString(),
        input: { ...described(options), tables: tables.map(qualifiedName), auditTable: options.auditTable },
      });
      await engine.journal.enroll(tx, tables);
      // Tables of earlier runs capture as well, and may have been altered since: this renews them too.
      await engine.journal.begin(tx, runId);
      await engine.journal.openWindow?.(tx, runId);
      await appendAudit(tx, engine.dialect, options.auditTable, "migration:started", {
        run_id: runId,
        mode: "live",
        operator: options.operator,
        ...described(options),
      });
    },
    { lockTimeoutMs: enrolTimeoutMs },
  );
}

/** Arguments may hold passwords: the record has their digest, by which a command line that is suspected can be told. */
function described({ command, args }: ExecOptions): { program: string; command_sha256: string } {
  return { program: basename(command), command_sha256: digestOf([command, ...args]) };
}

async function conclude(context: Context, options: ExecOptions, result: ExecResult, lease: Lease): Promise<void> {
  const { engine, clock } = context;
  const { runId, rows } = result;
  const failure = result.exitCode === 0 ? null : { code: "PROGRAM_FAILED", message: howItEnded(result) };
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.journal.closeWindow?.(tx, runId);
    await engine.store.updateRun(tx, runId, {
      state: failure ? "failed" : "completed",
      error: failure,
      result,
      addRows: rows,
      completedAt: clock.now().toISOString(),
    });
    // Programs are told apart by their names: the next success of the same one answers for it.
    const about = { check: `run:exec:${basename(options.command)}`, target: context.target ?? "default" };
    if (failure === null) await resolveAlert(tx, engine.dialect, about, clock.now());
    else {
      const title = `Run ${runId} (a program) failed`;
      const finding = { ...about, severity: "error" as const, title, code: failure.code, reasons: [], runId };
      await raiseAlert(tx, engine.dialect, finding, clock.now());
    }
    await appendAudit(tx, engine.dialect, options.auditTable, failure ? "migration:failed" : "migration:completed", {
      run_id: runId,
      operator: options.operator,
      exit_status: result.exitCode,
      ...(failure ? { error: failure.code, signal: result.signal, last_batch: null } : {}),
      counts: { rows },
      duration: Math.ceil(result.durationMs / 1000),
      result_sha256: sha256(JSON.stringify(result)),
    });
    await engine.store.releaseLease(tx, lease);
  });
}

function howItEnded({ exitCode, signal }: Ended): string {
  return signal === null ? `the program ended with status ${exitCode}` : `the program was ended by ${signal}`;
}

async function refuse(
  context: Context,
  options: ExecOptions,
  runId: string,
  lease: Lease,
  error: RunbackError,
): Promise<void> {
  const { engine } = context;
  await engine.transaction(async (tx) => {
    await holdLease(context, tx, lease);
    await engine.journal.closeWindow?.(tx, runId);
    await engine.store.updateRun(tx, runId, { state: "aborted", error: { code: error.code, message: error.message } });
    await appendAudit(tx, engine.dialect, options.auditTable, "migration:failed", {
      run_id: runId,
      error: error.code,
      last_batch: null,
    });
    await engine.store.releaseLease(tx, lease);
  });
}

/** Tables that came, or whose columns or key are not what they were when the run began. */
function changedShape(before: Catalog, after: Catalog): string[] {
  const shape = ({ columns, primaryKey, partitions }: Table) =>
    digestOf({ primaryKey, partitions, columns: columns.map(({ name, number, type }) => ({ name, number, type })) });
  return after.tables
    .filter((table) => {
      const then = before.tables.find((each) => sameTable(each, table));
      return then === undefined || shape(then) !== shape(table);
    })
    .map(qualifiedName);
}
