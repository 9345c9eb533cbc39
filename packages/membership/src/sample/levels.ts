/**
 * The membership levels of the sample club in the order people pass through them, and the tier each belongs to: the
 * value of the policy `membership.tiers.waMapping` for the sample export.
 */
export const sampleTierMapping = {
  Prospect: "PROSPECT",
  Newcomer: "NEWCOMER",
  "1st Year": "FIRST_YEAR",
  "2nd Year": "SECOND_YEAR",
  "3rd Year": "THIRD_YEAR",
  Alumni: "ALUMNI",
  Lapsed: "LAPSED",
  General: "GENERAL",
} as const satisfies Readonly<Record<string, string>>;

export type SampleLevel = keyof typeof sampleTierMapping;

export const sampleLevels = Object.keys(sampleTierMapping) as readonly SampleLevel[];

interface LevelShare {
  /** Empty: a contact without a membership level. */
  readonly level: SampleLevel | "";
  /** How many of 2,147 members. */
  readonly members: number;
  /** How long ago they joined, in days before the export. */
  readonly joined: readonly [from: number, to: number];
}

/** 32 of 2,147 have no level, so that tier coverage is 98.5 % (2115/2147), as in the runbook's example. */
const shares: readonly LevelShare[] = [
  { level: "", members: 32, joined: [30, 4000] },
  { level: "Newcomer", members: 500, joined: [1, 120] },
  { level: "1st Year", members: 800, joined: [121, 365] },
  { level: "2nd Year", members: 270, joined: [366, 730] },
  { level: "3rd Year", members: 190, joined: [731, 1095] },
  { level: "Alumni", members: 160, joined: [1096, 6000] },
  { level: "Lapsed", members: 110, joined: [400, 5000] },
  { level: "Prospect", members: 45, joined: [1, 200] },
  { level: "General", members: 40, joined: [100, 6000] },
];

const total = shares.reduce((sum, share) => sum + share.members, 0);

/** The level of the member at a shuffled position among `members`; exact at 2,147 members, in proportion elsewhere. */
export function levelAt(position: number, members: number): LevelShare {
  let rank = Math.floor((position * total) / members);
  for (const share of shares) {
    if (rank < share.members) return share;
    rank -= share.members;
  }
  throw new RangeError(`position ${position} is outside ${members} members`);
}
