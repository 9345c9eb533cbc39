import type { StepRow } from "@runback/core";
import { html } from "hono/html";
import { duration, number, utc } from "./format.ts";
import type { Markup } from "./markup.ts";

const stepsShown = 200;

/** The transactions the run committed. */
export function stepsSection(steps: readonly StepRow[]): Markup {
  if (steps.length === 0) {
    return html`<section class="panel"><h2>Steps</h2><p class="soft">None was committed: nothing was written to the tables.</p></section>`;
  }
  const rows = steps.reduce((sum, step) => sum + step.rows, 0);
  const ms = steps.reduce((sum, step) => sum + step.durationMs, 0);
  const shown = steps.slice(-stepsShown);
  return html`<section class="panel"><h2>Steps</h2>
<p>${number(steps.length)} ${steps.length === 1 ? "transaction" : "transactions"}, ${number(rows)} rows in ${duration(ms)}${ms > 0 ? html` <span class="soft">(${number(Math.round((rows * 1000) / ms))} rows/s)</span>` : ""}.</p>
<details><summary>${steps.length > stepsShown ? `The last ${stepsShown} steps` : "Every step"}</summary>
<div class="scroll"><table>
<thead><tr><th scope="col" class="number">Step</th><th scope="col">What</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Took</th><th scope="col">Committed</th></tr></thead>
<tbody>${shown.map(
    (step) =>
      html`<tr><td class="number">${step.seq}</td><td>${step.name}</td><td class="number">${number(step.rows)}</td><td class="number">${duration(step.durationMs)}</td><td class="tight"><time datetime="${step.committedAt}">${utc(step.committedAt)}</time></td></tr>`,
  )}</tbody>
</table></div></details></section>`;
}
