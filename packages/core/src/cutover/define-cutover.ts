import { RunbackError } from "../error.ts";
import { type ColumnCutover, gatesOf, retiredName } from "./column-cutover.ts";
import { fold } from "./map-legacy.ts";

/**
 * Checks a definition and gives it its type.
 *
 * @throws `CUTOVER_INVALID` with everything that is wrong with it
 */
export function defineCutover(cutover: ColumnCutover): ColumnCutover {
  // Types are stripped, not checked, when a configuration is loaded.
  const wrong = absent(cutover);
  if (wrong.length > 0) throw invalid(cutover, wrong);
  // It is part of leases, alerts, monitors and addresses; closings of events are runs of `attendance:<event>`.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(cutover.name))
    wrong.push("its name is 1 to 80 letters, digits, dots, hyphens and underscores");
  if (!["quarantine", "runbook"].includes(cutover.unlisted)) wrong.push("unlisted is quarantine or runbook");
  if (!["application", "bridge"].includes(cutover.dualWrite)) wrong.push("dualWrite is application or bridge");
  const codes = cutover.codes.map(({ code }) => code);
  if (codes.length === 0) wrong.push("it has no codes");
  if (new Set(codes).size !== codes.length) wrong.push("a code is listed twice");
  if (cutover.key.length === 0) wrong.push("it has no key");
  // SQLite and MySQL do not tell names of columns apart by their case.
  const [legacy, column, retired] = [cutover.legacy, cutover.column, retiredName(cutover)].map(fold);
  if (legacy === column) wrong.push("both columns have one name");
  if (retired === legacy || retired === column)
    wrong.push(`the retired name ${retired} is that of one of both columns`);
  const meaning = new Map<string, string>();
  for (const { code, spellings } of cutover.codes)
    for (const spelling of [code, ...spellings]) {
      if (!/^[\x20-\x7e]*$/.test(spelling)) wrong.push(`the spelling ${JSON.stringify(spelling)} is not ASCII`);
      const folded = fold(spelling);
      if (folded === "") wrong.push(`a spelling of ${code} is empty`);
      const known = meaning.get(folded);
      if (known !== undefined && known !== code)
        wrong.push(`${JSON.stringify(folded)} is a spelling of ${known} and of ${code}`);
      meaning.set(folded, code);
    }
  const mapped = [...(cutover.runbook?.cases.map(({ code }) => code) ?? []), cutover.runbook?.otherwise];
  for (const code of mapped)
    if (code !== undefined && !codes.includes(code))
      wrong.push(`the runbook's mapping gives ${code}, which is no code`);
  if (cutover.unlisted === "runbook" && cutover.runbook === undefined)
    wrong.push("the unlisted go by a runbook's mapping, and it has none");
  if (cutover.flags.dualWrite.name === cutover.flags.readPivot.name) wrong.push("both flags have one name");
  const { snapshotMaxAgeHours, cleanMonitorRuns, observationHours, comparisons } = gatesOf(cutover);
  if (!(snapshotMaxAgeHours > 0)) wrong.push("a snapshot's age in hours is more than 0");
  if (!Number.isInteger(cleanMonitorRuns) || cleanMonitorRuns < 1 || cleanMonitorRuns > 1_000)
    wrong.push("the monitor runs in a row are a whole number from 1 to 1000");
  for (const [phase, hours] of Object.entries(observationHours))
    if (!(hours >= 0)) wrong.push(`the observation hours of phase ${phase} are at least 0`);
  if (comparisons !== null && !(Number.isSafeInteger(comparisons.atLeast) && comparisons.atLeast >= 1))
    wrong.push("the comparisons a gate waits for are a whole number from 1");
  if (comparisons !== null && (comparisons.from.length === 0 || comparisons.from.some((name) => name.trim() === "")))
    wrong.push("comparisons name no token they come from");
  if (wrong.length > 0) throw invalid(cutover, wrong);
  return cutover;
}

/** What a definition cannot do without, and has not. */
function absent(cutover: ColumnCutover): string[] {
  const { name, table, key, legacy, column, codes, flags } = cutover;
  const text = (value: unknown) => typeof value === "string" && value !== "";
  const there: readonly (readonly [boolean, string])[] = [
    [text(name), "name"],
    [text(table?.name) && typeof table.schema === "string", "table"],
    [Array.isArray(key) && key.every(text), "key"],
    [text(legacy), "legacy"],
    [text(column), "column"],
    [Array.isArray(codes) && codes.every((each) => text(each?.code) && Array.isArray(each.spellings)), "codes"],
    [[flags?.dualWrite, flags?.readPivot].every((each) => text(each?.name) && Array.isArray(each.on)), "flags"],
  ];
  return there.flatMap(([is, what]) => (is ? [] : [`it has no ${what}, or not in the form of one`]));
}

function invalid({ name }: Pick<ColumnCutover, "name">, wrong: readonly string[]): RunbackError {
  return new RunbackError("CUTOVER_INVALID", `The cutover ${name} cannot be: ${wrong.join("; ")}.`, {
    recovery: "Correct its definition. Nothing was done with it.",
    details: { wrong },
  });
}
