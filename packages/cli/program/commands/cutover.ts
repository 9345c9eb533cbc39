import { readFile } from "node:fs/promises";
import { phases, RunbackError } from "@runback/core";
import type { AdvanceResult, CutoverShown, GateCondition, GateResult, RetreatResult } from "@runback/operations";
import { Argument, Command, Option } from "commander";
import type { Session } from "../session.ts";
import { textTable } from "../text-table.ts";
import { backfill } from "./cutover-backfill.ts";

interface GateFlags {
  readonly guard?: string;
  readonly revision?: string;
  readonly operator?: string;
}

/** A column on its way to another one: where it is, what the next phase needs, and there and back. */
export function cutoverCommand(session: Session): Command {
  const command = new Command("cutover").description("phases of a column cutover: see, measure, enter, take back");
  for (const add of [show, gate, advance, retreat, backfill, compare]) command.addCommand(add(session));
  return command;
}

function show(session: Session): Command {
  return new Command("show")
    .description("where a cutover is, since when, and what its next phase needs; measures nothing")
    .argument("[migration]", "name of a configured cutover; all of them without it")
    .action(async (name?: string) => {
      const { cutovers } = await session.runtime();
      if (name === undefined) {
        const all = await cutovers.list();
        session.result({ cutovers: all }, () => all.map(shownText).join("\n\n") || "No cutovers are configured.");
        return;
      }
      const shown = await cutovers.show(name);
      session.result(shown, () => shownText(shown));
    });
}

const gateOptions = (command: Command): Command =>
  command
    .option("--guard <file>", "report of `runback guard --record <file>`, put on record first")
    .option("--revision <commit>", "commit that the guard must have passed on")
    .option("--operator <name>", "who runs it, for the record");

async function gateRequest(session: Session, { guard: file, revision, operator }: GateFlags) {
  return {
    operator: session.operator(operator),
    ...(file === undefined ? {} : { guardReport: await readReport(file) }),
    ...(revision === undefined ? {} : { revision }),
  };
}

function gate(session: Session): Command {
  return gateOptions(new Command("gate"))
    .description("measure every condition of the next phase now; exit status 1 while one does not hold")
    .argument("<migration>")
    .action(async (name: string, options: GateFlags) => {
      const { cutovers } = await session.runtime();
      const result = await cutovers.gate(name, await gateRequest(session, options));
      session.status = result.open ? 0 : 1;
      session.result(result, () => gateText(result));
    });
}

function advance(session: Session): Command {
  return gateOptions(new Command("advance"))
    .description("enter the next phase, if its gate is open")
    .argument("<migration>")
    .option("--to <phase>", "where it shall lead: 0 to 5, dropped; already there, nothing is done")
    .option("--approval <id>", "of a second person, for dropping the legacy column")
    .action(async (name: string, options: GateFlags & { to?: string; approval?: string }) => {
      const { cutovers } = await session.runtime();
      const { to, approval } = options;
      const result = await cutovers.advance(name, {
        ...(await gateRequest(session, options)),
        ...(to === undefined ? {} : { to }),
        ...(approval === undefined ? {} : { approval }),
      });
      session.result(result, () => movedText(result));
    });
}

function retreat(session: Session): Command {
  return new Command("retreat")
    .description("take the phase back: flags, schema, and the legacy column where nothing wrote it; asks no gate")
    .argument("<migration>")
    .addOption(new Option("--to <phase>", "where it shall lead: planned, 0 to 4; already there, nothing is done"))
    .option("--operator <name>", "who runs it, for the record")
    .action(async (name: string, { to, operator }: { to?: string; operator?: string }) => {
      const { cutovers } = await session.runtime();
      const result = await cutovers.retreat(name, {
        operator: session.operator(operator),
        ...(to === undefined ? {} : { to }),
      });
      session.result(result, () => retreatedText(result));
    });
}

function compare(session: Session): Command {
  return new Command("compare")
    .description("whether applications read and compare both columns in phases 2 and 3: the stage they see")
    .argument("<migration>")
    .addArgument(new Argument("<comparing>").choices(["on", "off"]))
    .option("--operator <name>", "who runs it, for the record")
    .action(async (name: string, comparing: "on" | "off", { operator }: { operator?: string }) => {
      const { cutovers } = await session.runtime();
      const shown = await cutovers.compare(name, {
        operator: session.operator(operator),
        comparing: comparing === "on",
      });
      session.result(
        shown,
        () =>
          `${name}: ${comparing === "on" ? "both columns are compared" : "columns are not compared"}, stage ${shown.stage}`,
      );
    });
}

async function readReport(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as unknown;
  } catch (cause) {
    throw new RunbackError("GUARD_REPORT_INVALID", `The guard's report ${file} cannot be read as JSON.`, {
      recovery: "Nothing was recorded. Write one with `runback guard <paths> --record <file>`.",
      cause,
    });
  }
}

const place = ({ phase, state }: GateResult["to"]) =>
  state === "entered" ? `phase ${phase} (${phases[phase]!.name})` : state;

const at = (to: GateResult["to"]) => (to.state === "entered" ? `in ${place(to)}` : to.state);

function shownText(shown: CutoverShown): string {
  const { cutover, table, legacy, column, since, stage, flags, next, gate: last, monitor } = shown;
  return [
    `${cutover}: ${table}.${legacy} to ${column}`,
    `${place(shown)}${since === null ? "" : ` since ${since}`}, stage ${stage}`,
    ...Object.entries(flags).map(([flag, value]) => `flag ${flag} = ${value}`),
    ...(shown.moving === null
      ? []
      : [`A move was begun and is not finished (${shown.moving}): do it again, or retreat.`]),
    ...(shown.definitionChanged ? ["The definition is not the one the phase was entered with."] : []),
    ...metricsLines(shown),
    `monitor: ${monitor === null ? "did not run in this phase" : `${monitor.outcome} at ${monitor.at}`}`,
    ...(next === null ? ["Nothing comes next."] : [`next: ${place(next)}, needs ${next.needs.join(", ")}`]),
    ...(last === null
      ? next === null
        ? []
        : [`gate: not measured in this phase; runback cutover gate ${cutover}`]
      : [`gate: ${last.open ? "open" : "closed"} at ${last.at}`, ...conditionLines(last.conditions)]),
  ].join("\n");
}

/** What applications reported, in two lines; none when nothing was. */
function metricsLines({ metrics }: CutoverShown): string[] {
  if (metrics === null) return [];
  const { calls, failed, timeouts, compared, different, dropped, meanMs, maxMs } = metrics.total;
  const times = meanMs === null ? "" : `, ${meanMs} ms on average, at most ${maxMs} ms`;
  const lost = dropped === 0 ? "" : `, ${dropped} lost`;
  return [
    `applications, since ${metrics.window.from}: ${compared} reads compared, ${different} different${lost}`,
    `  calls of the other side: ${calls}, ${failed} failed, ${timeouts} took too long${times}`,
  ];
}

function conditionLines(conditions: readonly GateCondition[]): string[] {
  return textTable(
    ["", "condition", "measured", "needed"],
    conditions.map(({ id, holds, measured, needed, why }) => [
      holds ? "ok" : "NO",
      id,
      measured === null ? "-" : String(measured),
      why === null ? needed : `${needed}: ${why}`,
    ]),
  ).split("\n");
}

function gateText(result: GateResult): string {
  const { cutover, to, open, conditions, approvalDigest } = result;
  return [
    `${cutover} to ${place(to)}: the gate is ${open ? "open" : "closed"}`,
    ...conditionLines(conditions),
    ...(approvalDigest === null
      ? []
      : [
          `A second person must approve it: runback approve ${approvalDigest} --requested-by <name> --action cutover:drop`,
        ]),
  ].join("\n");
}

function movedText({ cutover, moved, to, since }: AdvanceResult): string {
  return moved ? `${cutover} is ${at(to)} since ${since}.` : `${cutover} is ${at(to)} already.`;
}

function retreatedText({ cutover, moved, to, since, sync, notes }: RetreatResult): string {
  return [
    moved
      ? `${cutover} is ${to.state === "planned" ? "planned again" : `back ${at(to)}`} since ${since}.`
      : `${cutover} is ${at(to)}.`,
    ...(sync === null ? [] : [`${sync.rows} rows of the legacy column were brought up to date (run ${sync.runId}).`]),
    ...notes,
  ].join("\n");
}
