import { createWriteStream } from "node:fs";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { auditExport } from "@runback/operations";
import { Command } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { positive } from "./runs.ts";

export function auditCommand(session: Session): Command {
  const command = new Command("audit").description("the append-only trail: list it, verify it, export it");
  command.addCommand(
    new Command("list")
      .description("entries, newest first")
      .option("--limit <n>", "entries at most", positive, 20)
      .option("--before <cursor>", "entries older than this page")
      .option("--run <run-id>", "entries of one run")
      .action(async ({ limit, before, run }: { limit: number; before?: string; run?: string }) => {
        const runtime = await session.runtime();
        const page = await runtime.audit({
          limit,
          ...(before === undefined ? {} : { before }),
          ...(run === undefined ? {} : { run }),
        });
        session.result(page, () => {
          const table = textTable(
            ["time", "action", "entry", "metadata"],
            page.entries.map((entry) => [entry.createdAt, entry.action, entry.id, JSON.stringify(entry.metadata)]),
          );
          return page.next === null ? table : `${table}\nOlder: runback audit list --before ${page.next}`;
        });
      }),
  );
  command.addCommand(
    new Command("verify")
      .description("recompute the hash chain and compare it with its anchors in the vault")
      .action(async () => {
        const runtime = await session.runtime();
        const trails = await runtime.verifyAudit();
        const ok = trails.every((trail) => trail.ok);
        session.status = ok ? 0 : 1;
        session.result({ ok, trails }, () =>
          trails
            .flatMap((trail) => [
              `${trail.ok ? "PASS" : "FAIL"}  ${trail.relation}: ${trail.entries} entries, ${trail.anchors.checked} anchors${trail.anchors.newestSeq === null ? "" : ` up to entry ${trail.anchors.newestSeq}`}`,
              ...trail.problems
                .slice(0, 20)
                .map((problem) => `      ${problem.kind} ${problem.entry ?? `at ${problem.seq}`}: ${problem.detail}`),
            ])
            .join("\n"),
        );
      }),
  );
  command.addCommand(
    new Command("export")
      .description("write the whole trail as NDJSON, with its chain")
      .argument("<file>")
      .action(async (file: string) => {
        const runtime = await session.runtime();
        const out = new PassThrough();
        const written = pipeline(out, createWriteStream(file, { mode: 0o600 }));
        const result = await auditExport(runtime.context, runtime.auditTable(), async (piece) => {
          if (!out.write(piece)) await new Promise((resolve) => out.once("drain", resolve));
        });
        out.end();
        await written;
        session.result({ file, ...result }, `${result.lines} entries in ${file}  sha256 ${result.sha256}`);
      }),
  );
  return command;
}
