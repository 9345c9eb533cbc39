import { Temporal } from "temporal-polyfill";
import { describe, expect, it } from "vitest";
import { isoDate } from "./calendar.ts";
import { exportDay, sampleSize } from "./export-options.ts";
import { sampleLevels, sampleTierMapping } from "./levels.ts";
import { memberRows } from "./members.ts";
import { nameGroups } from "./names.ts";

interface Member {
  id: string;
  first: string;
  last: string;
  email: string;
  phone: string;
  since: string;
  level: string;
}

function membersOf(options: Parameters<typeof sampleSize>[0]): Member[] {
  return [...memberRows(sampleSize(options))].map(
    ([id = "", first = "", last = "", email = "", phone = "", since = "", level = ""]) => ({
      id,
      first,
      last,
      email,
      phone,
      since,
      level,
    }),
  );
}

const members = membersOf({});

/** The calendar date a `Member since` text means, or undefined when it is no real date. */
function dateOf(text: string): Temporal.PlainDate | undefined {
  const slash = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  const iso = slash ? `${slash[3]}-${slash[1]}-${slash[2]}` : text;
  try {
    return iso.endsWith("Z")
      ? Temporal.Instant.from(iso).toZonedDateTimeISO("America/Los_Angeles").toPlainDate()
      : Temporal.PlainDate.from(iso, { overflow: "reject" });
  } catch {
    return undefined;
  }
}

describe("members of the sample", () => {
  it("are 2,147 with increasing 8-digit ids and all required fields", () => {
    expect(members).toHaveLength(2147);
    for (const [index, member] of members.entries()) {
      expect(member.id).toMatch(/^\d{8}$/);
      expect(Number(member.id)).toBeGreaterThan(Number(members[index - 1]?.id ?? 0));
      expect(member.first.trim()).not.toBe("");
      expect(member.last.trim()).not.toBe("");
    }
  });

  it("have reserved, well-formed addresses that are unique without letter case", () => {
    for (const { email } of members) {
      expect(email).toMatch(/^[A-Za-z0-9][A-Za-z0-9._'+]*@([a-z]+\.)?example\.(org|com|net)$/i);
      expect(email).not.toMatch(/\.\.|\.@/);
    }
    expect(new Set(members.map(({ email }) => email.toLowerCase())).size).toBe(2147);
    expect(members.filter(({ email }) => /[A-Z]/.test(email)).length).toBeGreaterThan(100);
    expect(members.filter(({ email }) => email.includes("+")).length).toBeGreaterThan(50);
    expect(members.some(({ email }) => email.startsWith("o'"))).toBe(true);
  });

  it("have every level, in the numbers of the runbook's example, and 32 have none", () => {
    const counts = Map.groupBy(members, ({ level }) => level);
    expect(Object.keys(sampleTierMapping)).toEqual(sampleLevels);
    for (const level of sampleLevels) expect(counts.get(level)?.length ?? 0).toBeGreaterThan(0);
    expect(counts.size).toBe(sampleLevels.length + 1);
    expect([counts.get("")?.length, counts.get("Newcomer")?.length, counts.get("1st Year")?.length]).toEqual([
      32, 500, 800,
    ]);
  });

  it("joined on real days before the export, in every form, or on none", () => {
    const given = members.filter(({ since }) => since !== "");
    const last = Temporal.PlainDate.from(isoDate(exportDay));
    for (const { since } of given) {
      const date = dateOf(since);
      expect(date, since).toBeDefined();
      if (date) expect(Temporal.PlainDate.compare(date, last), since).toBeLessThan(0);
    }
    expect(members.length - given.length).toBeGreaterThan(50);
    for (const form of [/^\d\d\/\d\d\/\d{4}$/, /^\d{4}-\d\d-\d\d$/, /^\d{4}-\d\d-\d\dT12:00:00Z$/]) {
      expect(given.filter(({ since }) => form.test(since)).length).toBeGreaterThan(50);
    }
  });

  it("have names of every script, with accents, apostrophes, hyphens, commas and quotation marks", () => {
    for (const script of ["Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Han", "Hangul", "Devanagari"]) {
      const letters = new RegExp(`\\p{Script=${script}}`, "u");
      expect(members.filter(({ last }) => letters.test(last)).length, script).toBeGreaterThan(10);
    }
    for (const part of ["é", "'", "-", " de la ", ", Jr.", "𠮷"]) {
      expect(
        members.some(({ last }) => last.includes(part)),
        part,
      ).toBe(true);
    }
    expect(members.some(({ first }) => first.includes('"'))).toBe(true);
    expect(nameGroups.reduce((sum, { share }) => sum + share, 0)).toBe(100);
  });

  it("spell every name of the pool in letters for the address", () => {
    for (const { first, last } of nameGroups) {
      for (const name of [...first, ...last]) expect(name.ascii, name.text).toMatch(/^[a-z]+$/);
    }
  });

  it("share homes: one last name and phone, different given names and addresses", () => {
    const homes = Map.groupBy(members, ({ last, phone }) => `${last} ${phone}`);
    const shared = [...homes].filter(([home, people]) => /\d/.test(home) && people.length > 1);
    expect(shared.length).toBeGreaterThan(200);
    const neighbours = members.filter(
      ({ last, phone }, index) =>
        phone !== "" && members[index + 1]?.last === last && members[index + 1]?.phone === phone,
    );
    expect(neighbours.length).toBeGreaterThan(200);
    for (const person of neighbours) {
      expect(members[members.indexOf(person) + 1]?.first, person.id).not.toBe(person.first);
    }
  });

  it("have phones in many spellings, set aside for fiction, and some have none", () => {
    const spellings = new Set(members.map(({ phone }) => phone.replaceAll(/\d/g, "9").replace(/ext\. 9+/, "ext. 9")));
    expect(spellings.size).toBeGreaterThanOrEqual(9);
    expect(members.filter(({ phone }) => phone === "").length).toBeGreaterThan(100);
    for (const { phone } of members.filter(({ phone }) => phone !== "")) {
      expect(phone.replaceAll(/ ext\. \d+$|\D/g, "")).toMatch(/55501\d\d$|^4420794601\d\d$|^331990001\d\d$/);
    }
  });

  it("keep unique ids and addresses at 100,000, and nobody is needed", () => {
    const many = [...memberRows(sampleSize({ members: 100_000 }))];
    expect(new Set(many.map(([id]) => id)).size).toBe(100_000);
    expect(new Set(many.map((row) => row[3]?.toLowerCase())).size).toBe(100_000);
    expect([...memberRows(sampleSize({ members: 0, registrations: 0 }))]).toEqual([]);
    expect(membersOf({ members: 1, registrations: 0 })).toHaveLength(1);
  });
});
