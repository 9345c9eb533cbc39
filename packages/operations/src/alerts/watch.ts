import { type AlertFinding, RunbackError } from "@runback/core";
import type { Context } from "../context.ts";
import { raiseAlert, resolveAlert } from "./raise-alert.ts";

export type Watched = Pick<AlertFinding, "check" | "target" | "severity" | "title">;

/**
 * Runs the work of a monitor: its failure raises an alert and is thrown on, its success resolves one. What it found out by
 * reading has no transaction of its own, so the alert gets one.
 */
export async function watch<T>(
  { engine, clock, logger }: Pick<Context, "engine" | "clock" | "logger">,
  watched: Watched,
  work: () => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Not the message: what a driver says may quote a row.
    const known = error instanceof RunbackError;
    const finding = { ...watched, code: known ? error.code : "UNEXPECTED", reasons: reasonsOf(error) };
    // The failure itself comes first: when the target is gone, its alert cannot be written either.
    await engine
      .transaction((tx) => raiseAlert(tx, engine.dialect, finding, clock.now()))
      .catch(() => logger.log("error", "alert.lost", { check: finding.check, code: finding.code }));
    throw error;
  }
  await engine.transaction((tx) => resolveAlert(tx, engine.dialect, watched, clock.now()));
  return result;
}

/** What a monitor says in ids, codes and counts; nothing of what others wrote. */
function reasonsOf(error: unknown): readonly string[] {
  const { reasons } = error instanceof RunbackError ? error.details : {};
  return Array.isArray(reasons) ? reasons.filter((each) => typeof each === "string") : [];
}
