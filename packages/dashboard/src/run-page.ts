import type { ImportResult, Run, StepRow, VerificationReport } from "@runback/core";
import { printable, type RollbackResult } from "@runback/operations";
import { html } from "hono/html";
import { type BundleView, bundleSection } from "./bundle-section.ts";
import { chip, stateChip } from "./chip.ts";
import { importCounts, rollbackCounts } from "./counts-section.ts";
import { duration, number, utc } from "./format.ts";
import { page, type Viewer } from "./layout.ts";
import type { Markup } from "./markup.ts";
import { quarantineSection } from "./quarantine-section.ts";
import { stepsSection } from "./steps-section.ts";
import { verificationSection } from "./verification-section.ts";

export interface RunView {
  readonly viewer: Viewer;
  readonly run: Run & { readonly stepList: readonly StepRow[] };
  readonly bundle: BundleView | null;
  readonly verification: { id: string; report: VerificationReport } | null;
}

/** Everything there is to know about one run. */
export function runPage({ viewer, run, bundle, verification }: RunView): Markup {
  const fact = (name: string, value: Markup | string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
  const ended = run.completedAt;
  return page({
    title: run.runId,
    at: "runs",
    viewer,
    ...(run.state === "running" ? { refreshSeconds: 2 } : {}),
    body: html`<h1><span class="mono">${run.runId}</span> ${stateChip(run.state)}${run.mode === "dry" ? chip("calm", "dry run") : ""}</h1>
<p class="lead">${run.kind} · ${run.migration}${run.revertsRunId === null ? "" : html` · takes back <a class="mono" href="/runs/${run.revertsRunId}">${run.revertsRunId}</a>`}</p>
${errorNotice(run)}
<section class="panel"><h2>Facts</h2><dl>
${fact("Operator", run.operator)}
${fact("Started", html`<time datetime="${run.startedAt}">${utc(run.startedAt)}</time>`)}
${fact("Completed", ended === null ? "–" : html`<time datetime="${ended}">${utc(ended)}</time>`)}
${fact("Took", ended === null ? "–" : duration(Date.parse(ended) - Date.parse(run.startedAt)))}
${fact("Rows written", number(run.rows))}
${fact("Plan", run.planDigest === null ? "–" : html`<code title="${run.planDigest}">${run.planDigest.slice(0, 16)}…</code>`)}
</dl></section>
${results(run)}
${run.kind === "import" && run.mode === "live" && run.state === "completed" ? verificationSection(verification, run.runId) : ""}
${run.mode === "live" ? stepsSection(run.stepList) : ""}
${bundleSection(run, bundle)}`,
  });
}

function results(run: Run): Markup | "" {
  if (run.result === null || run.result === undefined) return "";
  if (run.kind === "rollback") return rollbackCounts(run.result as RollbackResult);
  if (run.kind !== "import") return "";
  const result = run.result as ImportResult;
  return html`${importCounts(result)}${warnings(result)}${quarantineSection(result)}`;
}

function warnings({ warnings: told }: Pick<ImportResult, "warnings">): Markup | "" {
  if (told.length === 0) return "";
  return html`<section class="panel"><h2>Warnings</h2><ul>${told.map((each) => html`<li>${chip(each.level === "high" ? "bad" : "warn", each.level)} ${printable(each.message)} <code class="soft">${each.code}</code></li>`)}</ul></section>`;
}

function errorNotice({ error, state, runId }: Run): Markup | "" {
  if (error === null) return "";
  const message =
    error.code === "UNEXPECTED" ? "It stopped at an unexpected error; the log says which." : printable(error.message);
  return html`<div class="notice ${state === "aborted" ? "calm" : "bad"}"><strong>${error.code}</strong><p>${message}</p>${
    state === "failed"
      ? html`<p>Committed steps are kept. Go on with <code>runback import --resume ${runId}</code>, or take back what was written with <code>runback rollback ${runId}</code>.</p>`
      : ""
  }</div>`;
}
