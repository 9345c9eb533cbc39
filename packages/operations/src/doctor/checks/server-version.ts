import { type DoctorCheck, fail, pass } from "../finding.ts";

export const serverVersion: DoctorCheck = {
  id: "server-version",
  needsTarget: true,
  run: async ({ engine }) => {
    const { version, minimum, supported } = await engine.diagnosis.version(engine);
    return supported
      ? pass(`${engine.name} ${version}`)
      : fail(`${engine.name} ${version} is older than ${minimum}`, `Upgrade the server to ${minimum} or later.`);
  },
};
