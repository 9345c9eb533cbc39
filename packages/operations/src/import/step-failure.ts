import { type EntityDeclaration, RunbackError } from "@runback/core";

/** SQLSTATE class 23, integrity constraint violation: the same on every engine, under one of two names. */
function violatesConstraint(error: unknown): boolean {
  const { code, sqlState } = error as { code?: unknown; sqlState?: unknown };
  return [code, sqlState].some((state) => typeof state === "string" && /^23[0-9A-Z]{3}$/.test(state));
}

/**
 * What a step's failure means. A plan fits the target it was made on: when a row cannot be written because of a
 * constraint, somebody took its identity, or removed what it refers to, after the plan. Other failures pass as they are.
 *
 * @returns `TARGET_CHANGED` without the driver's detail, which holds the values
 */
export function stepFailure(error: unknown, entity: EntityDeclaration, runId: string): unknown {
  if (!violatesConstraint(error)) return error;
  const { constraint_name: name, constraint = name } = error as { constraint_name?: string; constraint?: string };
  return new RunbackError(
    "TARGET_CHANGED",
    `The target changed after the plan: ${entity.name} cannot be written (constraint ${constraint ?? "unknown"}).`,
    {
      recovery: `Committed steps are kept. Start a new import, which sees the target as it is now, or take back what was written with \`runback rollback ${runId}\`.`,
      status: 409,
      details: { entity: entity.name, constraint: constraint ?? null },
      cause: error,
    },
  );
}
