import { conflict, good, type HostileRow, latin1, quarantined } from "./hostile-row.ts";

/** Events that the registrations of the hostile export name. */
export const events = {
  hike: "9100001",
  supper: "9100002",
  /** In quarantine, for its limit. */
  refused: "9100030",
} as const;

const start = "06/01/2024 10:00";
const end = "06/01/2024 12:00";
const hall = "Hall, Room 2";

/** Events: every mistake of its own row, each otherwise valid, between rows that import. */
export const hostileEvents: readonly HostileRow[] = [
  good(
    events.hike,
    'Hike: "The Crags", moderate',
    "Bring water,\r\na hat\n\nand shoes",
    "outdoors",
    "",
    start,
    end,
    "12",
  ),
  good(events.supper, "Supper", 'Bring your own "place setting"', "food, social", hall, "06/02/2024 18:00", "", "0"),
  good("9100003", '\'; DELETE FROM "Event"; --', "", "", hall, "2024-06-03T18:00:00-07:00", "", ""),
  good("9100004", "Night Hike", "", "outdoors", "", "03/09/2024 22:00", "03/10/2024 04:00", "8"),
  quarantined("ragged-row", "9100010", "Too short", "", "", "", start),
  quarantined("ragged-row", "9100011", "Picnic", " unquoted", "", "", hall, start, end, "5"),
  latin1("9100012", "Café", "", "", hall, start, end, "5"),
  quarantined("nul-character", "9100013", "Nul\0byte", "", "", hall, start, end, "5"),
  conflict("duplicate-id", events.hike, "Another event", "", "", hall, "07/01/2024 10:00", "", "5"),
  quarantined("invalid-date", "9100020", "Undecided", "", "", hall, "TBD", "", "5"),
  quarantined("invalid-date", "9100021", "February 30", "", "", hall, "02/30/2024 10:00", "", "5"),
  quarantined("invalid-date", "9100022", "Hour 25", "", "", hall, "06/05/2024 25:00", "", "5"),
  quarantined("invalid-date", "9100023", "Ends on June 31", "", "", hall, "06/06/2024 10:00", "06/31/2024 12:00", "5"),
  quarantined("missing-start-date", "9100024", "No start", "", "", hall, "", "", "5"),
  quarantined("end-before-start", "9100025", "Backwards", "", "", hall, "06/07/2024 12:00", "06/07/2024 10:00", "5"),
  quarantined("negative-limit", events.refused, "Minus five", "", "", hall, "06/08/2024 10:00", "", "-5"),
  quarantined("invalid-limit", "9100031", "Many seats", "", "", hall, "06/09/2024 10:00", "", "lots"),
  quarantined("invalid-limit", "9100032", "Half a seat", "", "", hall, "06/10/2024 10:00", "", "2.5"),
  quarantined("missing-event-name", "9100040", "", "", "", hall, "06/11/2024 10:00", "", "5"),
  quarantined("missing-event-name", "9100041", "   ", "", "", hall, "06/12/2024 10:00", "", "5"),
  quarantined("missing-event-id", "", "No id", "", "", hall, "06/13/2024 10:00", "", "5"),
  good("9100099", "Last good event", "", "", "Online", "06/14/2024 10:00", "06/14/2024 10:00", "1"),
];
