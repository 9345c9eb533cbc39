import type { Phase } from "@runback/core";

/** `unread` is what the guard could not read: it fails a build as an error does, and says another thing. */
export type Severity = "error" | "unread" | "warning";

export interface Rule {
  readonly id: string;
  /** One sentence for people and SARIF. */
  readonly means: string;
  /** `null`: not looked for in this phase. */
  readonly severity: (phase: Phase) => Severity | null;
}

const fromPhase4 = (severity: Severity) => (phase: Phase) => (phase >= 4 ? severity : null);
const whileDual = (severity: Severity) => (phase: Phase) => (phase >= 1 && phase <= 3 ? severity : null);
const always = (severity: Severity) => () => severity;

/** Every rule by its id. The ids are what waivers name and SARIF carries. */
export const rules = {
  "legacy-write": {
    id: "legacy-write",
    means: "The retired column is written.",
    severity: fromPhase4("error"),
  },
  "single-column-write": {
    id: "single-column-write",
    means: "Only one of the two columns is written, so they fall out of step.",
    severity: whileDual("warning"),
  },
  "unread-write": {
    id: "unread-write",
    means: "The table is written, and which columns is decided where the guard cannot see it.",
    severity: (phase) => (phase >= 4 ? "unread" : phase >= 1 ? "warning" : null),
  },
  "unread-statement": {
    id: "unread-statement",
    means: "A statement that names the table could be read by none of the SQL parsers.",
    severity: always("unread"),
  },
  "unread-file": {
    id: "unread-file",
    means: "A file that names the table could not be parsed.",
    severity: always("unread"),
  },
  "waiver-invalid": {
    id: "waiver-invalid",
    means: "A waiver lacks its reason, its date, or a rule of this name.",
    severity: always("error"),
  },
  "waiver-expired": {
    id: "waiver-expired",
    means: "A waiver's date has passed.",
    severity: always("error"),
  },
  "waiver-unused": {
    id: "waiver-unused",
    means: "A waiver waives nothing.",
    severity: always("warning"),
  },
} as const satisfies Readonly<Record<string, Rule>>;

export type RuleId = keyof typeof rules;

/** Rules whose findings a waiver may set aside. */
export const waivable: readonly string[] = [
  "legacy-write",
  "single-column-write",
  "unread-write",
  "unread-statement",
  "unread-file",
];
