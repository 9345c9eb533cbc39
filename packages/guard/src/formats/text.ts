import type { GuardReport } from "../guard.ts";

/** One line a finding, as compilers print them, and a line that says what came of it. */
export function text(report: GuardReport): string {
  const lines = report.findings.map(
    ({ file, line, column, severity, rule, message }) => `${file}:${line}:${column} ${severity} ${rule}: ${message}`,
  );
  for (const { file, line, rule, until, reason } of report.waived)
    lines.push(`${file}:${line} waived ${rule} until ${until}: ${reason}`);
  const { error, unread, warning, waived } = report.counts;
  const found = `${error} error(s), ${unread} unread, ${warning} warning(s), ${waived} waived`;
  const read = `${report.files} files, ${report.lines} lines`;
  return [...lines, `${report.passed ? "PASS" : "FAIL"}  ${found} in ${read}${revision(report)}`].join("\n");
}

function revision({ revision: { commit, dirty, why } }: GuardReport): string {
  if (commit === null) return `; no revision (${why ?? "unknown"})`;
  return ` at ${commit}${dirty === true ? " with changes" : ""}`;
}
