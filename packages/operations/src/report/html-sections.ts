import { type CheckResult, outcome, type VerificationReport } from "@runback/core";
import { html } from "hono/html";
import { compareCounts } from "./compare-counts.ts";
import { displayValue } from "./display-value.ts";
import { capital, distributionWords } from "./distribution-words.ts";
import { percentText } from "./percent-text.ts";
import { printable } from "./printable.ts";
import { tierChart } from "./tier-chart.ts";

type Html = ReturnType<typeof html>;
type Outcome = ReturnType<typeof outcome>;

/** Element id of a check; from its place, since nothing from outside may become an attribute. */
export function checkAnchor(index: number): string {
  return `check-${index + 1}`;
}

export function countsSection(report: VerificationReport): Html {
  const rows = compareCounts(report.counts).map(
    (row) => html`<tr><th scope="row">${printable(row.label)}</th>
<td class="number">${number(row.bundle)}</td><td class="number">${number(row.database)}</td>
<td class="number">${signed(row.difference)}</td><td>${
      {
        match: tag("PASS", "match"),
        differ: tag("FAIL", "differs"),
        "not counted": tag("FAIL", "not counted"),
        extra: "not in the bundle",
      }[row.result]
    }</td></tr>\n`,
  );
  return section(
    "counts",
    "Count Comparison",
    rows.length === 0
      ? html`<p>No records were counted.</p>`
      : table(
          "Records the bundle expects, and records in the database",
          html`<th scope="col">Entity</th><th scope="col" class="number">Bundle</th><th scope="col" class="number">Database</th><th scope="col" class="number">Difference</th><th scope="col">Result</th>`,
          rows,
        ),
  );
}

export function tiersSection(report: VerificationReport): Html {
  const words = distributionWords(report);
  if (words === null) return html``;
  const { tierDistribution } = report;
  const noun = printable(words.noun);
  const counted = capital(printable(words.rows));
  const rows = tierDistribution.map(
    (
      tier,
    ) => html`<tr><th scope="row">${printable(tier.tierName)}</th><td class="id"><code>${printable(tier.tierCode)}</code></td>
<td class="number">${number(tier.count)}</td><td class="number">${percentText(tier.percentage)}</td></tr>\n`,
  );
  return section(
    "tiers",
    printable(words.title),
    rows.length === 0
      ? html`<p>No ${noun}s were found.</p>`
      : html`<figure>${tierChart(tierDistribution, { rows: printable(words.rows), noun })}</figure>
${table(
  `${counted} in each ${noun}`,
  html`<th scope="col">${capital(noun)}</th><th scope="col">Code</th><th scope="col" class="number">${counted}</th><th scope="col" class="number">Share</th>`,
  rows,
)}`,
  );
}

export function checksSection({ checks }: VerificationReport): Html {
  return section(
    "checks",
    "Verification Checks",
    checks.length === 0
      ? html`<p>No checks were run.</p>`
      : table(
          "Every check with its result",
          html`<th scope="col">Result</th><th scope="col">Check</th><th scope="col">Message</th>`,
          checks.map(
            (check, index) => html`<tr id="${checkAnchor(index)}"><td>${tag(outcome(check))}</td>
<th scope="row">${printable(check.name)}<br><code class="soft">${printable(check.id)}</code></th>
<td>${printable(check.message)}${check.passed ? "" : values(check)}</td></tr>\n`,
          ),
        ),
  );
}

export function policiesSection({ policyVerification }: VerificationReport): Html {
  return section(
    "policies",
    "Policy Verification",
    policyVerification.length === 0
      ? html`<p>No policies were compared.</p>`
      : table(
          "Policies of the bundle, and policies in force",
          html`<th scope="col">Policy</th><th scope="col">Expected</th><th scope="col">Actual</th><th scope="col">Result</th>`,
          policyVerification.map(
            (policy) => html`<tr><th scope="row"><code>${printable(policy.key)}</code></th>
<td><code>${displayValue(policy.expected)}</code></td><td><code>${displayValue(policy.actual)}</code></td>
<td>${policy.matches ? tag("PASS", "match") : tag("FAIL", "differs")}</td></tr>\n`,
          ),
        ),
  );
}

export function escalationSection({ escalate }: VerificationReport): Html {
  return section(
    "escalation",
    "Escalation",
    escalate.required
      ? html`<p><strong>Required.</strong> Do not repair integrity failures yourself: keep this report and escalate.</p>
<ul>
${escalate.reasons.map((reason) => html`<li>${printable(reason)}</li>\n`)}</ul>`
      : html`<p>Not required.</p>`,
  );
}

function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>`;
}

/** Scrolls by itself on narrow screens, so it must be reachable by keyboard and have a name. */
function table(caption: string, head: Html, rows: readonly Html[]): Html {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${[...rows]}</tbody>
</table></div>`;
}

function tag(result: Outcome, text: string = result): Html {
  return html`<span class="tag ${{ PASS: "pass", WARN: "warn", FAIL: "fail" }[result]}">${text}</span>`;
}

function values(check: CheckResult): Html {
  return html`<div class="values">Expected <code>${displayValue(check.expected)}</code><br>Actual <code>${displayValue(check.actual)}</code></div>`;
}

function number(count: number | undefined): string {
  return count === undefined ? "–" : count.toLocaleString("en-US");
}

function signed(difference: number | undefined): string {
  if (difference === undefined) return "–";
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
  return sign + number(Math.abs(difference));
}
