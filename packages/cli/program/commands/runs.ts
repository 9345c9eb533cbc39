import type { Run } from "@runback/core";
import { Command, InvalidArgumentError } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { freezeText } from "./freeze.ts";

export function runsCommand(session: Session): Command {
  const list = async ({ limit, before }: { limit: number; before?: string }) => {
    const runtime = await session.runtime();
    await runtime.context.engine.init();
    const page = await runtime.runs({ limit, ...(before === undefined ? {} : { before }) });
    const freeze = await runtime.freezeState();
    session.result({ runs: page.runs.map(summary), next: page.next, freeze: freeze.frozen ? freeze : null }, () => {
      const frozen = freeze.frozen ? `${freezeText(freeze)}\n` : "";
      if (page.runs.length === 0) return `${frozen}No runs yet.`;
      const table = textTable(
        ["run", "kind", "mode", "state", "rows", "started", "operator"],
        page.runs.map((run) => [run.runId, run.kind, run.mode, run.state, run.rows, run.startedAt, run.operator]),
      );
      return frozen + (page.next === null ? table : `${table}\nOlder: runback runs --before ${page.next}`);
    });
  };
  const command = new Command("runs")
    .description("list runs, newest first")
    .option("--limit <n>", "runs at most", positive, 20)
    .option("--before <run-id>", "runs older than this one")
    .action(list);
  command.addCommand(
    new Command("show")
      .description("one run with counts, steps, bundle and verification")
      .argument("<run-id>")
      .action(async (runId: string) => {
        const runtime = await session.runtime();
        const { checkpoint: _checkpoint, input: _input, stepList, ...run } = await runtime.run(runId);
        const document = { ...run, stepList };
        session.result(document, () => {
          const facts = Object.entries({
            run: run.runId,
            kind: run.kind,
            mode: run.mode,
            state: run.state,
            operator: run.operator,
            started: run.startedAt,
            completed: run.completedAt ?? "-",
            rows: run.rows,
            reverts: run.revertsRunId ?? "-",
            bundle: run.bundle ? `${run.bundle.path} sha256 ${run.bundle.sha256}` : "-",
            error: run.error ? `${run.error.code}: ${run.error.message}` : "-",
          });
          const steps = stepList.map((step) => [step.seq, step.name, step.rows, step.durationMs, step.committedAt]);
          return [
            ...facts.map(([name, value]) => `${name.padEnd(10)} ${value}`),
            ...(steps.length > 0 ? ["", textTable(["step", "of", "rows", "ms", "committed"], steps)] : []),
          ].join("\n");
        });
      }),
  );
  return command;
}

function summary({ checkpoint: _checkpoint, input: _input, result: _result, ...run }: Run): unknown {
  return run;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000)
    throw new InvalidArgumentError("It has to be a whole number from 1 to 10000.");
  return value;
}
