import type { Run } from "@runback/core";
import { html } from "hono/html";
import { chip } from "./chip.ts";
import { bytes } from "./format.ts";
import type { Markup } from "./markup.ts";

export interface BundleView {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Present once somebody asked to check the hashes. */
  readonly checked?: {
    readonly ok: boolean;
    readonly bad: ReadonlyMap<string, string>;
  };
}

/** The hashed record of the run. @param bundle null when there is none, or the vault does not have it */
export function bundleSection(run: Pick<Run, "runId" | "bundle">, bundle: BundleView | null): Markup {
  if (bundle === null) {
    return html`<section class="panel"><h2>Bundle</h2><p class="soft">${
      run.bundle === null
        ? "It is written when the run completes."
        : html`The run wrote one to <code>${run.bundle.path}</code>, and the vault does not have it now.`
    }</p></section>`;
  }
  const { checked } = bundle;
  const hash = (name: string) => {
    if (!checked) return "";
    if (name === "SHA256SUMS" && !checked.bad.has(name)) return html`<td class="soft small">lists the others</td>`;
    const reason = checked.bad.get(name);
    return html`<td>${reason === undefined ? chip("good", "hash holds") : chip("bad", reason)}</td>`;
  };
  return html`<section class="panel" id="bundle"><h2>Bundle</h2>
<p class="soft small">${run.bundle === null ? "" : html`SHA-256 <code>${run.bundle.sha256}</code> · `}<code>${run.bundle?.path ?? ""}</code></p>
${checked ? html`<p>${chip(checked.ok ? "good" : "bad", checked.ok ? "all hashes hold" : "not as it was written")}</p>` : html`<p><a href="/runs/${run.runId}?check=bundle#bundle">Check the hashes now</a></p>`}
<div class="scroll"><table>
<thead><tr><th scope="col">File</th><th scope="col" class="number">Size</th>${checked ? html`<th scope="col">Check</th>` : ""}</tr></thead>
<tbody>${bundle.files.map((file) => html`<tr><th scope="row" class="mono">${file.name}</th><td class="number">${bytes(file.bytes)}</td>${hash(file.name)}</tr>`)}</tbody>
</table></div></section>`;
}
