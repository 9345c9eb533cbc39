import { type AttendanceVocabulary, wordSpellings } from "@runback/attendance";
import type { CutoverDialect } from "@runback/core";

/** SQL of the word that a stored status means: equal to `wordOf`, and NULL for what is none. */
export function wordSql(dialect: CutoverDialect, vocabulary: AttendanceVocabulary, status: string): string {
  const spelled = wordSpellings(vocabulary);
  if (spelled.length === 0) return status;
  const cases = spelled.map(([spelling, word]) => `WHEN ${dialect.literal(spelling)} THEN ${dialect.literal(word)}`);
  return `(CASE ${dialect.grammar.fold(dialect, status)} ${cases.join(" ")} ELSE NULL END)`;
}
