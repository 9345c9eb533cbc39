import { type DoctorCheck, pass } from "../finding.ts";

export const connection: DoctorCheck = {
  id: "connection",
  needsTarget: true,
  run: async ({ engine }) => {
    await engine.query("SELECT 1");
    return pass(`${engine.name} answers`);
  },
};
