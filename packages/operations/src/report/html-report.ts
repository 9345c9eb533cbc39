import type { VerificationReport } from "@runback/core";
import { html, raw } from "hono/html";
import { checksSection, countsSection, escalationSection, policiesSection, tiersSection } from "./html-sections.ts";
import { htmlStyle } from "./html-style.ts";
import { htmlSummary } from "./html-summary.ts";
import { printable } from "./printable.ts";

/**
 * The report as one self-contained page: no script, no font, no image, no request. The content policy in its head lets the
 * browser refuse all of these even if a value ever got through as markup.
 */
export function htmlReport(report: VerificationReport): string {
  const verdict = report.passed ? "PASSED" : "FAILED";
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Verification ${verdict}: ${printable(report.runId)}</title>
<style>${raw(htmlStyle)}</style>
</head>
<body>
<main>
${htmlSummary(report)}
${countsSection(report)}
${tiersSection(report)}
${checksSection(report)}
${policiesSection(report)}
${escalationSection(report)}
</main>
</body>
</html>
`;
  return String(page);
}
