import { type DoctorCheck, fail, pass } from "../finding.ts";

/** The sources run as they are: type stripping without a flag or a warning. */
const minimum = 24;

export const nodeVersion: DoctorCheck = {
  id: "node-version",
  run: async (_context, { nodeVersion: version = process.versions.node }) =>
    Number.parseInt(version, 10) >= minimum
      ? pass(`Node ${version}`)
      : fail(`Node ${version} is older than ${minimum}`, "Start through npm or npx, which bring Node 24 with them."),
};
