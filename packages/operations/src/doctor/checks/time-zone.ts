import { type DoctorCheck, pass, warn } from "../finding.ts";

const utc = new Set(["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Universal", "Zulu", "UCT"]);

export const timeZone: DoctorCheck = {
  id: "time-zone",
  needsTarget: true,
  run: async ({ engine }) => {
    const zone = await engine.diagnosis.timeZone(engine);
    return utc.has(zone)
      ? pass(`sessions are in ${zone}`)
      : warn(
          `sessions are in ${zone}`,
          "Runback's results do not depend on it; queries typed by hand do (DATE_TRUNC, times without a zone). ALTER DATABASE … SET timezone = 'UTC'.",
        );
  },
};
