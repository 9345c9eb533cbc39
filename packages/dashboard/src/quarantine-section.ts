import type { ImportResult, RefusedRow } from "@runback/core";
import { printable } from "@runback/operations";
import { html } from "hono/html";
import { number } from "./format.ts";
import type { Markup } from "./markup.ts";

const rowsShown = 50;

/** Why records were refused: each reason with its count, then the first rows. Nothing at all when nothing was refused. */
export function quarantineSection({
  quarantine,
  quarantineTotal,
}: Pick<ImportResult, "quarantine" | "quarantineTotal">): Markup | "" {
  if (quarantineTotal === 0) return "";
  const complete = quarantine.length === quarantineTotal;
  return html`<section class="panel"><h2>Quarantine: ${number(quarantineTotal)} refused ${quarantineTotal === 1 ? "record" : "records"}</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">Entity</th><th scope="col">Reason</th><th scope="col" class="number">Records${complete ? "" : html` <span class="soft">(of the first ${number(quarantine.length)})</span>`}</th></tr></thead>
<tbody>${byReason(quarantine).map(
    ({ entity, reason, rows }) =>
      html`<tr><th scope="row">${entity}</th><td><code>${reason}</code></td><td class="number">${number(rows)}</td></tr>`,
  )}</tbody>
</table></div>
<details><summary>The first ${number(Math.min(rowsShown, quarantine.length))} records</summary>
<div class="scroll"><table>
<thead><tr><th scope="col">Entity</th><th scope="col" class="number">Line</th><th scope="col">Source id</th><th scope="col">Reason</th><th scope="col">Message</th></tr></thead>
<tbody>${quarantine
    .slice(0, rowsShown)
    .map(
      (each) =>
        html`<tr><td>${each.entity}</td><td class="number">${number(each.row)}</td><td class="mono">${printable(each.waId ?? "–")}</td><td><code>${each.reason}</code></td><td>${printable(each.message)}</td></tr>`,
    )}</tbody>
</table></div></details>
</section>`;
}

/** Most frequent first. */
export function byReason(quarantine: readonly Pick<RefusedRow, "entity" | "reason">[]) {
  const counted = new Map<string, { entity: string; reason: string; rows: number }>();
  for (const { entity, reason } of quarantine) {
    const key = JSON.stringify([entity, reason]);
    const known = counted.get(key);
    if (known) known.rows += 1;
    else counted.set(key, { entity, reason, rows: 1 });
  }
  return [...counted.values()].sort((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1));
}
