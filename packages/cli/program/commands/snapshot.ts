import { RunbackError, redact } from "@runback/core";
import type { RestoreResult, SnapshotResult } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";

export function snapshotCommand(session: Session): Command {
  const command = new Command("snapshot").description(
    "back up the whole target, prove it restorable, restore it (level 2)",
  );
  for (const sub of [createCommand, listCommand, showCommand, verifyCommand, restoreCommand])
    command.addCommand(sub(session));
  return command;
}

function createCommand(session: Session): Command {
  return new Command("create")
    .description("write one consistent moment of all tables to the vault; locks nothing")
    .option("--reason <text>", "why, for the record")
    .option("--retain <days>", "days nobody can delete it, where the vault locks; 0 for no lock", "7")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (options: { reason?: string; retain: string; operator?: string }) => {
      const retainDays = wholeNumber(options.retain);
      const runtime = await session.runtime();
      const created = await runtime.snapshots.create({
        operator: session.operator(options.operator),
        retainDays,
        ...(options.reason === undefined ? {} : { reason: options.reason }),
      });
      session.result(created, () => createdText(created));
    });
}

function listCommand(session: Session): Command {
  return new Command("list").description("the finished snapshots of the vault, newest first").action(async () => {
    const runtime = await session.runtime();
    const snapshots = await runtime.snapshots.list();
    session.result({ snapshots }, () =>
      snapshots.length === 0
        ? "No snapshots. Take one with: runback snapshot create"
        : textTable(
            ["snapshot", "tables", "rows", "bytes", "proven"],
            snapshots.map((each) => [
              each.snapshotId,
              each.tables,
              each.rows,
              each.bytes,
              each.problem ?? each.provenAt ?? "never",
            ]),
          ),
    );
  });
}

function showCommand(session: Session): Command {
  return new Command("show")
    .description("what a snapshot holds, and the digest that an approval of its restore signs")
    .argument("<id>")
    .action(async (id: string) => {
      const runtime = await session.runtime();
      const details = await runtime.snapshots.show(id);
      const { manifest, sha256, provenAt } = details;
      session.result({ ...manifest, sha256, provenAt }, () =>
        [
          `${manifest.snapshotId}, taken ${manifest.takenAt} by ${manifest.operator} of ${redact(manifest.location)}`,
          `${manifest.engine} ${manifest.serverVersion}, schema ${manifest.fingerprint}`,
          textTable(
            ["table", "rows", "bytes"],
            manifest.tables.map((table) => [`${table.schema}.${table.name}`, table.rows, table.bytes]),
          ),
          provenAt === null
            ? "Never restored yet: prove it with runback snapshot verify"
            : `Proven restorable ${provenAt}`,
          `Digest ${sha256}`,
        ].join("\n"),
      );
    });
}

function verifyCommand(session: Session): Command {
  return new Command("verify")
    .description("check every hash, restore into a scratch database, compare schema and rows")
    .argument("<id>")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (id: string, { operator }: { operator?: string }) => {
      const runtime = await session.runtime();
      const result = await runtime.snapshots.verify(id, session.operator(operator));
      session.status = result.ok ? 0 : 1;
      session.result(result, () =>
        [
          `${result.files.filter((file) => file.ok).length} of ${result.files.length} objects match their hashes`,
          ...(result.restored
            ? [
                `Restored ${result.restored.rows} rows of ${result.restored.tables} tables into scratch (${result.restored.engine})`,
              ]
            : []),
          ...result.problems.map((problem) => `FAILED ${problem}`),
          result.ok ? "Verified: schema and every row came back the same." : "This snapshot does not restore.",
        ].join("\n"),
      );
    });
}

function restoreCommand(session: Session): Command {
  return new Command("restore")
    .description("put a snapshot in the place of the target, or into an empty database with --into")
    .argument("<id>")
    .option("--into <url>", "an empty database to build it in; the target is not touched")
    .option("--approval <id>", "approval of a second person over the snapshot's digest; needed without --into")
    .option("--operator <name>", "who runs it, for the record")
    .action(async (snapshotId: string, options: { into?: string; approval?: string; operator?: string }) => {
      const runtime = await session.runtime();
      const restored = await runtime.snapshots.restore({
        snapshotId,
        operator: session.operator(options.operator),
        ...(options.approval === undefined ? {} : { approval: options.approval }),
        ...(options.into === undefined ? {} : { into: options.into }),
      });
      session.result(restored, () => restoredText(restored));
    });
}

function createdText(created: SnapshotResult): string {
  return [
    textTable(
      ["table", "rows"],
      Object.entries(created.tables).map(([table, { rows }]) => [table, rows]),
    ),
    `Snapshot ${created.snapshotId}: ${created.rows} rows, ${created.bytes} bytes (${(created.durationMs / 1000).toFixed(1)} s)`,
    `Digest ${created.sha256}`,
    `Prove that it restores: runback snapshot verify ${created.snapshotId}`,
  ].join("\n");
}

function restoredText(restored: RestoreResult): string {
  return [
    `Restored ${restored.snapshotId}: ${restored.rows} rows of ${Object.keys(restored.tables).length} tables (${(restored.durationMs / 1000).toFixed(1)} s)`,
    "Verified: schema and every row are as they were taken.",
    ...restored.kept.map((table) => `Kept as it was: ${table}`),
    ...restored.remains.map(({ name, why }) =>
      why === "changed"
        ? `Not dropped: ${name} holds what somebody made during the restore. Take it out, then drop the schema.`
        : `Not dropped yet: ${name} is in use. The next retention sweep drops it.`,
    ),
    ...(restored.safetySnapshotId === null ? [] : [`What was there before is snapshot ${restored.safetySnapshotId}`]),
  ].join("\n");
}

function wholeNumber(text: string): number {
  if (/^[0-9]{1,4}$/.test(text)) return Number(text);
  throw new RunbackError("USAGE", "--retain takes a whole number of days.", { recovery: "For example --retain 30." });
}
