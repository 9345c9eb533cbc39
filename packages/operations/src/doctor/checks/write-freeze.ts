import { freezeState } from "../../freeze/freeze.ts";
import { type DoctorCheck, pass, warn } from "../finding.ts";

export const writeFreeze: DoctorCheck = {
  id: "write-freeze",
  needsTarget: true,
  run: async (context) => {
    const { frozen, operator, since, reason, open } = await freezeState(context);
    if (!frozen) return pass("no write freeze is on");
    const uncovered = open.length === 0 ? "" : `; not covered, because made since: ${open.slice(0, 5).join(", ")}`;
    return warn(
      `writes are frozen since ${since} by ${operator}: ${reason}${uncovered}`,
      "Lift it with `runback freeze off` when its reason is gone; `runback freeze on` again covers tables made since.",
    );
  },
};
