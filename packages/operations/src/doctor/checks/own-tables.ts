import { type DoctorCheck, fail, pass, warn } from "../finding.ts";

export const ownTables: DoctorCheck = {
  id: "own-tables",
  needsTarget: true,
  run: async ({ engine }) => {
    const { applied, pending, foreign } = await engine.diagnosis.ownTables(engine);
    if (foreign.length > 0) {
      return fail(
        `the ledger has changes this Runback does not have, or has in another form: ${foreign.join(", ")}`,
        "Use the version that last ran against this target, or a newer one.",
      );
    }
    if (pending.length === 0) return pass(`all ${applied.length} changes applied`);
    return warn(`not applied yet: ${pending.join(", ")}`, "Run `runback init`.");
  },
};
