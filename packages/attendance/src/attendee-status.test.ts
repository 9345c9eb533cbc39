import { flagsIn, mapByRunbook, mapLegacy } from "@runback/core";
import { expect, test } from "vitest";
import { attendeeStatus } from "./attendee-status.ts";

test.each([
  ["preregistered", ["preregistered", "pre-registered", "pre_registered", "pre reg", "pre-reg", "registered", "reg"]],
  ["walkin", ["walkin", "walk-in", "walk_in", "walk in"]],
  ["checkedin", ["checkedin", "checked-in", "checked_in", "checked in", "present", "attended"]],
  ["dna", ["dna", "did not attend", "did_not_attend", "no show", "no_show", "noshow", "absent"]],
])("maps every spelling of %s that real data has, in any case and with white space around", (code, spellings) => {
  for (const each of spellings)
    for (const legacy of [each, each.toUpperCase(), ` ${each}\t`, `\r\n${each}`])
      expect(mapLegacy(attendeeStatus, legacy)).toBe(code);
});

test.each(["cancelled", "waitlisted", "late", "", " ", "checked  in", "walk\u212ain", "reg\u00a0", null])(
  "quarantines %j",
  (legacy) => {
    expect(mapLegacy(attendeeStatus, legacy)).toBeNull();
  },
);

test("the runbook's mapping makes preregistered of what it does not list", () => {
  const mapped = ["checked_in", "absent", "no show", "cancelled", null, "Present"].map((each) =>
    mapByRunbook(attendeeStatus, each),
  );
  expect(new Set(mapped)).toEqual(new Set(["preregistered"]));
  expect(mapLegacy({ ...attendeeStatus, unlisted: "runbook" }, "absent")).toBe("preregistered");
});

test("its flags are those of the runbook, in its phases", () => {
  expect(([0, 1, 2, 3, 4, 5] as const).map((phase) => Object.values(flagsIn(attendeeStatus, phase)))).toEqual([
    [false, false],
    [true, false],
    [true, false],
    [true, true],
    [false, true],
    [false, true],
  ]);
  expect(Object.keys(flagsIn(attendeeStatus, 0))).toEqual(["status_v2_dual_write", "status_v2_read_pivot"]);
});
