import { conflict, good, type HostileRow, latin1, quarantined } from "./hostile-row.ts";

/** Contacts that the registrations of the hostile export name. */
export const contacts = {
  ann: "90000001",
  bob: "90000002",
  cruz: "90000003",
  /** In quarantine, for its date. */
  refused: "90000030",
  /** In conflict, for its address. */
  sameAddress: "90000021",
} as const;

const since = "05/04/2021";

/** Members: every mistake of its own row, each otherwise valid, between rows that import. */
export const hostileMembers: readonly HostileRow[] = [
  good(contacts.ann, "Ann", "Good", "Ann.Good@example.org", "(805) 555-0101", since, "General"),
  good(contacts.bob, 'Robert "Bob"', "Smith, Jr.", "bob@example.org", "805-555-0102", "2021-05-04", "Newcomer"),
  good(contacts.cruz, "Inés", "de la Cruz", "ines@example.org", "805-555-0103\r\n805-555-0104", since, "1st Year"),
  good("90000004", 'Robert\'); DROP TABLE "Member";--', "Tables", "tables@example.org", "", "", "2nd Year"),
  good("90000005", "Leap", "Day", "leap@example.org", "", "02/29/2024", "Alumni"),
  good("90000006", "𠮷", "O'Neil-Łoś", "o'neil@example.org", "", "", ""),
  quarantined("ragged-row", "90000010", "Too", "Short", "short@example.org"),
  quarantined("ragged-row", "90000011", "King", " Jr.", "Unquoted", "unquoted@example.org", "", since, "General"),
  latin1("90000012", "José", "Núñez", "jose@example.org", "", since, "General"),
  quarantined("nul-character", "90000013", "N\0ul", "Byte", "nul@example.org", "", since, "General"),
  conflict("duplicate-id", contacts.ann, "Another", "Person", "another@example.org", "", since, "Lapsed"),
  conflict("duplicate-email", contacts.sameAddress, "Anne", "Good", "ANN.GOOD@EXAMPLE.ORG", "", since, "General"),
  quarantined("invalid-date", contacts.refused, "Feb", "Thirty", "feb30@example.org", "", "02/30/2021", "General"),
  quarantined("invalid-date", "90000031", "Not", "Leap", "feb29@example.org", "", "02/29/2023", "General"),
  quarantined("invalid-date", "90000032", "Month", "Thirteen", "month13@example.org", "", "13/01/2020", "General"),
  quarantined("invalid-date", "90000033", "Iso", "Thirty", "iso30@example.org", "", "2021-02-30", "General"),
  quarantined("invalid-date", "90000034", "To Be", "Decided", "tbd@example.org", "", "TBD", "General"),
  quarantined("unmapped-level", "90000040", "Un", "Known", "unknown@example.org", "", since, "Platinum Lifetime"),
  quarantined("missing-contact-id", "", "No", "Id", "noid@example.org", "", since, "General"),
  quarantined("missing-first-name", "90000051", "", "Nameless", "nofirst@example.org", "", since, "General"),
  quarantined("missing-last-name", "90000052", "Blank", "   ", "nolast@example.org", "", since, "General"),
  quarantined("missing-email", "90000053", "No", "Address", "", "", since, "General"),
  quarantined("invalid-email", "90000054", "No", "At", "no-at.example.org", "", since, "General"),
  quarantined("invalid-email", "90000055", "No", "Dot", "no-dot@localhost", "", since, "General"),
  good("90000099", "Last", "Good", "last.good+club@example.org", "+1 805 555 0199", "", "3rd Year"),
];

/** A member whose last name is as long as `bytes` says: no name, but something that was pasted. */
export function hugeMember(bytes: number): HostileRow {
  const pasted = "x".repeat(bytes);
  return quarantined("field-too-long", "90000060", "Huge", pasted, "huge@example.org", "", since, "General");
}
