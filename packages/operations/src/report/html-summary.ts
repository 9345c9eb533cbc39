import { outcome, type VerificationReport } from "@runback/core";
import { html } from "hono/html";
import { checkAnchor } from "./html-sections.ts";
import { printable } from "./printable.ts";

type Html = ReturnType<typeof html>;

/** The top of the page: the verdict, what needs attention with links to it, and what was verified. */
export function htmlSummary(report: VerificationReport): Html {
  const { total, passed, failed, warnings } = report.summary;
  return html`<header>
<h1>Post-Migration Verification Report</h1>
<div class="verdict ${report.passed ? "pass" : "fail"}">
<strong>${report.passed ? "✓ Verification PASSED" : "✗ Verification FAILED"}</strong>
<p>${passed} of ${total} checks passed, ${failed} failed, ${warnings} ${warnings === 1 ? "warning" : "warnings"}.${report.escalate.required ? html` <a href="#escalation">Escalation is required.</a>` : ""}</p>
</div>
</header>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
${attention(report)}
<dl>
<dt>Run ID</dt><dd><code>${printable(report.runId)}</code></dd>
<dt>Bundle</dt><dd><code>${printable(report.bundlePath)}</code></dd>
<dt>Verified at</dt><dd>${printable(report.verifiedAt)}</dd>
<dt>Duration</dt><dd>${Math.round(report.durationMs).toLocaleString("en-US")} ms</dd>
</dl>
</section>`;
}

function attention(report: VerificationReport): Html | "" {
  const found = report.checks.flatMap((check, index) => (check.passed ? [] : [{ check, index }]));
  if (found.length === 0) return "";
  return html`<p>Needs attention:</p>
<ul>
${found.map(({ check, index }) => html`<li>${outcome(check)}: <a href="#${checkAnchor(index)}">${printable(check.name)}</a></li>\n`)}</ul>`;
}
