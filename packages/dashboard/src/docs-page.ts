import { html } from "hono/html";
import type { Tone } from "./chip.ts";
import { prose } from "./docs-prose.ts";
import { membersTable, type Schema, type Schemas } from "./docs-schema.ts";
import { page } from "./layout.ts";
import type { Markup } from "./markup.ts";

/** What the page reads of an OpenAPI 3.1 document. */
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Schemas };
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security?: readonly { readonly bearer?: readonly string[] }[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Schema;
    readonly description?: string;
  }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>;
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const methodTones: Readonly<Record<string, Tone>> = { get: "good", post: "busy", delete: "bad" };

/** The documentation of the API as one page, from the same document that tools read. */
export function docsPage({ info, paths, components }: OpenApi): Markup {
  const schemas = components?.schemas ?? {};
  const entries = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): Entry => ({ method, path, operation })),
  );
  const tags = [...new Set(entries.flatMap(({ operation }) => operation.tags ?? []))];
  const tagged = (tag: string) => entries.filter(({ operation }) => operation.tags?.includes(tag));
  return page({
    title: "API",
    body: html`<h1>${info.title} API <span class="soft small">${info.version}</span></h1>
<p class="lead">${prose(info.description)} For tools: <a href="/v1/openapi.json">/v1/openapi.json</a>.</p>
<nav class="panel" aria-label="Routes">${tags.map((tag) => html`<h2>${tag}</h2><ul>${tagged(tag).map((entry) => html`<li><a href="#${anchor(entry)}"><code>${entry.method.toUpperCase()} ${entry.path}</code></a> <span class="soft">${entry.operation.summary ?? ""}</span></li>`)}</ul>`)}</nav>
${entries.map((entry) => operationSection(entry, schemas))}`,
  });
}

function operationSection(entry: Entry, schemas: Schemas): Markup {
  const { method, path, operation } = entry;
  const role = operation.security?.[0]?.bearer?.[0];
  return html`<section class="panel" id="${anchor(entry)}">
<h2><span class="tag ${methodTones[method] ?? "calm"}">${method.toUpperCase()}</span> <code>${path}</code></h2>
<p>${operation.summary ?? ""}. ${role === undefined ? "Takes no token." : html`Role: <strong>${role}</strong>.`}</p>
${operation.description ? html`<p class="soft">${prose(operation.description)}</p>` : ""}
${parametersTable(operation)}
${body("Request body", operation.requestBody, schemas)}
${Object.entries(operation.responses)
  .filter(([status]) => status < "400")
  .map(([status, response]) => body(`${status}: ${response.description}`, response, schemas))}
<p class="soft small">Refusals: ${Object.entries(operation.responses)
    .filter(([status]) => status >= "400")
    .map(([status, { description }]) => html`<abbr title="${description}">${status}</abbr> `)}</p>
</section>`;
}

function parametersTable({ parameters = [] }: Operation): Markup | "" {
  if (parameters.length === 0) return "";
  return html`<div class="scroll"><table><thead><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Meaning</th></tr></thead>
<tbody>${parameters.map((each) => html`<tr><th scope="row" class="mono">${each.name}</th><td>${each.in}${each.required ? "" : html` <span class="soft">(optional)</span>`}</td><td class="small">${prose(each.description ?? each.schema?.description)}</td></tr>`)}</tbody></table></div>`;
}

function body(title: string, { content }: Content = {}, schemas: Schemas): Markup | "" {
  if (content === undefined) return "";
  return html`${Object.entries(content).map(
    ([type, { schema = {} }]) =>
      html`<details><summary>${prose(title)} <code>${type}</code></summary>${membersTable(schema, schemas)}</details>`,
  )}`;
}

function anchor({ method, path }: Entry): string {
  return `${method}${path.replaceAll("/", "-").replace(/[{}]/g, "")}`;
}
