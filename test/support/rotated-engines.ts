import { type EngineName, engineNames } from "./engines.ts";

/** The seed of this run's choices; `RUNBACK_SEED` repeats one. */
export const seed = Number(process.env.RUNBACK_SEED ?? Date.now() % 2 ** 31);

/** The same SQL as on `postgres`, reached another way. */
const otherFaces: readonly EngineName[] = ["pgbouncer", "pglite", "data-api"];

/**
 * For long suites that ask of every PostgreSQL the same: a server always, and one of the other ways to reach one, another
 * each time. All of them in `npm run conformance` and `npm run test:deep`.
 */
export const rotatedEngines: readonly EngineName[] =
  process.env.RUNBACK_EVERY_ENGINE || process.env.RUNBACK_DEEP
    ? engineNames
    : engineNames.filter((name) => !otherFaces.includes(name) || name === faceOfThisRun());

function faceOfThisRun(): EngineName | undefined {
  const offered = otherFaces.filter((name) => engineNames.includes(name));
  return offered[seed % offered.length];
}

/** For long suites of faults, which ask the same of everything they are given: one of it, another each time. */
export function inTurn<T>(subjects: readonly T[]): readonly T[] {
  return shareOf(subjects, subjects.length);
}

/** For suites whose engines others ask as well: half of these, the other half next time. Suites of another `turn` take the other half. */
export function half<T>(cases: readonly T[], turn: 0 | 1 = 0): readonly T[] {
  if (process.env.RUNBACK_EVERY_ENGINE || process.env.RUNBACK_DEEP) return cases;
  return cases.filter((_, index) => (index + seed + turn) % 2 === 0);
}

/** A seeded `1/part` of the cases; all of them where every engine is asked. */
export function shareOf<T>(cases: readonly T[], part: number): readonly T[] {
  if (process.env.RUNBACK_EVERY_ENGINE || process.env.RUNBACK_DEEP) return cases;
  return cases.filter((_, index) => index % part === seed % Math.min(part, cases.length));
}
