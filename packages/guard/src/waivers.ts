import { waivable } from "./rules.ts";

/** A comment that sets findings aside: `runback-guard-ignore <rule> until=YYYY-MM-DD reason="…"`. */
export interface Waiver {
  readonly line: number;
  /** Last line of the comment: it speaks of its own lines and of the next one. */
  readonly endLine: number;
  readonly rule: string;
  readonly until: string;
  readonly reason: string;
  readonly state: "valid" | "expired" | "invalid";
  /** Why it is not valid. */
  readonly problem: string | null;
}

export interface Comment {
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
}

/** At the beginning of a comment: one that speaks about waivers is none. */
const marker = /^[\s*/#-]*runback-guard-ignore(?![\w-])/;

/** @param today `YYYY-MM-DD` in UTC; a waiver holds to the end of its day */
export function waiversIn(comments: readonly Comment[], today: string): Waiver[] {
  return comments.flatMap(({ text, line, endLine }) => {
    const begun = marker.exec(text);
    if (begun === null) return [];
    const said = text.slice(begun[0].length);
    const rule = /^\s+([a-z][a-z-]*)(?=\s|$)/.exec(said)?.[1] ?? "";
    const until = /\buntil=(\S+)/.exec(said)?.[1] ?? "";
    const reason = /\breason="([^"]*)"/.exec(said)?.[1]?.trim() ?? "";
    const problem = !waivable.includes(rule)
      ? `it names no rule that can be waived (${waivable.join(", ")})`
      : !isDate(until)
        ? "it has no until=YYYY-MM-DD"
        : reason === ""
          ? 'it has no reason="…"'
          : null;
    const state = problem !== null ? "invalid" : until < today ? "expired" : "valid";
    return [{ line, endLine, rule, until, reason, state, problem } as const];
  });
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
