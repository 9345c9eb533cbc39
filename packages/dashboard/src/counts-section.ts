import type { EntityCounts, ImportResult, UndoCounts } from "@runback/core";
import { undoClasses } from "@runback/core";
import type { RollbackResult } from "@runback/operations";
import { html } from "hono/html";
import { number } from "./format.ts";
import type { Markup } from "./markup.ts";

const outcomes = ["created", "updated", "unchanged", "quarantined", "conflicts"] as const;

/** What became of the records of each entity. */
export function importCounts({ entities }: Pick<ImportResult, "entities">): Markup {
  return html`<section class="panel"><h2>Records</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Entity</th><th scope="col" class="number">Parsed</th>${outcomes.map((name) => html`<th scope="col" class="number">${title(name)}</th>`)}<th scope="col">Share</th></tr></thead>
<tbody>${Object.entries(entities).map(
    ([name, counts]) =>
      html`<tr><th scope="row">${name}</th>${cell(counts.parsed)}${outcomes.map((each) => cell(counts[each]))}<td class="wide">${shareBar(counts)}</td></tr>`,
  )}</tbody>
</table></div>
<ul class="legend" aria-hidden="true">${outcomes.map((name) => html`<li><svg width="10" height="10"><rect class="${name}" width="10" height="10" rx="2"/></svg>${name}</li>`)}</ul>
</section>`;
}

/** What a rollback did with the rows of the run it took back. */
export function rollbackCounts({ tables, classes }: Pick<RollbackResult, "tables" | "classes">): Markup {
  const row = (name: string, counts: UndoCounts) =>
    html`<tr><th scope="row">${name}</th>${undoClasses.map((each) => cell(counts[each]))}</tr>`;
  return html`<section class="panel"><h2>Rows by class</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Table</th>${undoClasses.map((name) => html`<th scope="col" class="number">${title(name)}</th>`)}</tr></thead>
<tbody>${Object.entries(tables).map(([name, counts]) => row(name, counts))}${row("all", classes)}</tbody>
</table></div></section>`;
}

function cell(value: number): Markup {
  return html`<td class="number${value === 0 ? " zero" : ""}">${number(value)}</td>`;
}

function title(name: string): string {
  return `${name[0]!.toUpperCase()}${name.slice(1)}`;
}

function shareBar(counts: EntityCounts): Markup {
  let at = 0;
  const parts = outcomes.map((name) => {
    const width = counts.parsed === 0 ? 0 : (counts[name] / counts.parsed) * 100;
    const rect = html`<rect class="${name}" x="${at.toFixed(3)}" width="${width.toFixed(3)}" height="10"/>`;
    at += width;
    return width === 0 ? "" : rect;
  });
  const label = outcomes.map((name) => `${number(counts[name])} ${name}`).join(", ");
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="${label}">${parts}</svg>`;
}
