import type { Run } from "@runback/core";
import { html } from "hono/html";
import { chip, stateChip } from "./chip.ts";
import { duration, number, utc } from "./format.ts";
import { page, type Viewer } from "./layout.ts";
import type { Markup } from "./markup.ts";

export interface RunsView {
  readonly viewer: Viewer;
  readonly target: string;
  readonly location: string;
  readonly runs: readonly Run[];
  readonly next: string | null;
  /** False on pages after the first. */
  readonly newest: boolean;
}

/** All runs of the target, newest first. */
export function runsPage({ viewer, target, location, runs, next, newest }: RunsView): Markup {
  return page({
    title: "Runs",
    at: "runs",
    viewer,
    body: html`<h1>Runs</h1>
<p class="lead">Target <strong>${target}</strong> · <span class="mono">${location}</span></p>
<section class="panel">
${
  runs.length === 0
    ? html`<p class="empty">No run yet. <code>runback import --dry-run</code> shows what an import would do.</p>`
    : html`<div class="scroll"><table>
<thead><tr><th scope="col">Run</th><th scope="col">Kind</th><th scope="col">State</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Took</th><th scope="col">Operator</th><th scope="col">Started</th></tr></thead>
<tbody>${runs.map(runRow)}</tbody>
</table></div>`
}
</section>
<div class="pager"><span>${newest ? "" : html`<a href="/">Newest</a>`}</span><span>${next === null ? "" : html`<a href="/?before=${encodeURIComponent(next)}">Older runs</a>`}</span></div>`,
  });
}

function runRow(run: Run): Markup {
  return html`<tr>
<th scope="row" class="tight"><a class="mono" href="/runs/${run.runId}">${run.runId}</a></th>
<td class="tight">${run.kind}${run.mode === "dry" ? html` ${chip("calm", "dry")}` : ""}</td>
<td>${stateChip(run.state)}</td>
<td class="number">${number(run.rows)}</td>
<td class="number">${run.completedAt === null ? "–" : duration(Date.parse(run.completedAt) - Date.parse(run.startedAt))}</td>
<td>${run.operator}</td>
<td class="tight"><time datetime="${run.startedAt}">${utc(run.startedAt)}</time></td>
</tr>`;
}
