import { RunbackError } from "../error.ts";
import { type ColumnCutover, gatesOf } from "./column-cutover.ts";
import { fold } from "./map-legacy.ts";

/**
 * Checks a definition and gives it its type.
 *
 * @throws `CUTOVER_INVALID` with everything that is wrong with it
 */
export function defineCutover(cutover: ColumnCutover): ColumnCutover {
  const wrong: string[] = [];
  const codes = cutover.codes.map(({ code }) => code);
  if (codes.length === 0) wrong.push("it has no codes");
  if (new Set(codes).size !== codes.length) wrong.push("a code is listed twice");
  if (cutover.key.length === 0) wrong.push("it has no key");
  if (cutover.legacy === cutover.column) wrong.push("both columns have one name");
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
  if (wrong.length > 0)
    throw new RunbackError("CUTOVER_INVALID", `The cutover ${cutover.name} cannot be: ${wrong.join("; ")}.`, {
      recovery: "Correct its definition. Nothing was done with it.",
      details: { wrong },
    });
  return cutover;
}
