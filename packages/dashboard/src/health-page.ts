import type { DependencyHealth, Health } from "@runback/runtime";
import { html } from "hono/html";
import { chip } from "./chip.ts";
import { duration } from "./format.ts";
import { page, type Viewer } from "./layout.ts";
import type { Markup } from "./markup.ts";

export interface HealthView {
  readonly viewer: Viewer;
  readonly health: Health;
  readonly target: string;
  readonly location: string;
  readonly vault: string;
}

/** Whether everything Runback stands on answers. */
export function healthPage({ viewer, health, target, location, vault }: HealthView): Markup {
  const row = (name: string, where: string, { ok, ms, code }: DependencyHealth) =>
    html`<tr><th scope="row">${name}</th><td>${chip(ok ? "good" : "bad", ok ? "answers" : (code ?? "fails"))}</td><td class="number">${duration(ms)}</td><td class="mono">${where}</td></tr>`;
  const { target: database, ownTables, vault: store } = health.dependencies;
  return page({
    title: "Health",
    at: "health",
    viewer,
    body: html`<h1>Health ${chip(health.ok ? "good" : "bad", health.ok ? "all well" : "failing")}</h1>
<p class="lead">Asked just now. <code>runback doctor</code> looks closer: grants, versions, clocks.</p>
<section class="panel"><div class="scroll"><table>
<thead><tr><th scope="col">Dependency</th><th scope="col">State</th><th scope="col" class="number">Took</th><th scope="col">Where</th></tr></thead>
<tbody>${row(`Target ${target}`, location, database)}${row("Runback's own tables", "schema runback", ownTables)}${row("Vault", vault, store)}</tbody>
</table></div></section>`,
  });
}
