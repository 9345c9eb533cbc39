import { events } from "./hostile-events.ts";
import { contacts } from "./hostile-members.ts";
import { conflict, good, type HostileRow, latin1, quarantined } from "./hostile-row.ts";

const { ann, bob, cruz } = contacts;
const { hike, supper } = events;
const day = "05/01/2024 09:30";

/** Registrations: every mistake of its own row, each otherwise valid, between rows that import. */
export const hostileRegistrations: readonly HostileRow[] = [
  good("92000001", ann, hike, "Confirmed", day, ""),
  good("92000002", bob, hike, "Cancelled", "05/02/2024", "05/03/2024"),
  quarantined("unknown-event", "92000010", ann, "9999999", "Confirmed", day, ""),
  quarantined("unknown-contact", "92000011", "99999999", hike, "Confirmed", day, ""),
  quarantined("unknown-contact", "92000012", contacts.refused, hike, "Confirmed", day, ""),
  quarantined("unknown-contact", "92000013", contacts.sameAddress, hike, "Confirmed", day, ""),
  quarantined("unknown-event", "92000014", ann, events.refused, "Confirmed", day, ""),
  quarantined("unknown-status", "92000020", ann, supper, "Maybe", day, ""),
  quarantined("unknown-status", "92000021", ann, supper, "", day, ""),
  quarantined("missing-registration-id", "", ann, supper, "Confirmed", day, ""),
  quarantined("missing-contact-id", "92000031", "", supper, "Confirmed", day, ""),
  quarantined("missing-event-id", "92000032", ann, "", "Confirmed", day, ""),
  quarantined("invalid-date", "92000040", ann, supper, "Confirmed", "02/30/2024", ""),
  quarantined("invalid-date", "92000041", ann, supper, "Confirmed", "TBD", ""),
  quarantined("missing-registration-date", "92000042", ann, supper, "Confirmed", "", ""),
  quarantined("invalid-date", "92000043", ann, supper, "Canceled", day, "04/31/2024"),
  quarantined("ragged-row", "92000050", ann, supper, "Confirmed"),
  quarantined("ragged-row", "92000051", ann, supper, "Confirmed", day, "", "surplus"),
  latin1("92000052", ann, supper, "Confirmé", day, ""),
  conflict("duplicate-id", "92000001", cruz, supper, "Confirmed", day, ""),
  conflict("duplicate-registration", "92000060", bob, hike, "Confirmed", "05/04/2024", ""),
  good("92000098", cruz, hike, "WaitList", "2024-05-05T10:00:00-07:00", ""),
  good("92000099", cruz, supper, "Pending payment", "2024-05-05", ""),
];
