import { outcome, type VerificationReport } from "@runback/core";
import { printable } from "@runback/operations";
import { html } from "hono/html";
import { chip, type Tone } from "./chip.ts";
import { utc } from "./format.ts";
import type { Markup } from "./markup.ts";

const tones: Readonly<Record<ReturnType<typeof outcome>, Tone>> = { PASS: "good", WARN: "warn", FAIL: "bad" };

/** The newest verification of the run's bundle, check by check. */
export function verificationSection(latest: { id: string; report: VerificationReport } | null, runId: string): Markup {
  if (latest === null) {
    return html`<section class="panel"><h2>Verification</h2>
<p class="soft">Not verified yet. <code>runback verify --bundle ${runId}</code> compares the target with the bundle, row by row.</p></section>`;
  }
  const { id, report } = latest;
  const { total, passed, failed, warnings } = report.summary;
  return html`<section class="panel"><h2>Verification</h2>
<p>${chip(report.passed ? "good" : "bad", report.passed ? "passed" : "failed")} ${passed} of ${total} checks passed${failed > 0 ? `, ${failed} failed` : ""}${warnings > 0 ? `, ${warnings} with a warning` : ""}, <time datetime="${report.verifiedAt}">${utc(report.verifiedAt)}</time>. <a href="/verifications/${id}">Full report</a></p>
<div class="scroll"><table>
<thead><tr><th scope="col">Check</th><th scope="col">Outcome</th><th scope="col">Message</th></tr></thead>
<tbody>${report.checks.map((check) => {
    const told = outcome(check);
    return html`<tr><th scope="row" class="tight">${check.name}</th><td>${chip(tones[told], told)}</td><td>${printable(check.message)}</td></tr>`;
  })}</tbody>
</table></div></section>`;
}
