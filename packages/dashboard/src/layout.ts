import { html, raw } from "hono/html";
import type { Markup } from "./markup.ts";
import { style } from "./style.ts";

export interface Viewer {
  readonly name: string;
  readonly role: string;
}

export interface PageParts {
  readonly title: string;
  /** Entry of the navigation that is shown as current. */
  readonly at?: "runs" | "health";
  /** Who is signed in; without, there is no navigation. */
  readonly viewer?: Viewer;
  /** Load the page again after so many seconds: how a page without a script follows a run. */
  readonly refreshSeconds?: number;
  readonly body: Markup;
}

/** Nothing is loaded from anywhere and no script runs; forms go back to where they came from. */
export const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const mark = html`<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><path d="M4 3v5h5M4.6 8A7 7 0 1 1 3.6 12.5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

/** A whole page. */
export function page({ title, at, viewer, refreshSeconds, body }: PageParts): Markup {
  const link = (href: string, name: string, key: PageParts["at"]) =>
    html`<a href="${href}"${at === key ? raw(' aria-current="page"') : ""}>${name}</a>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refreshSeconds === undefined ? "" : html`<meta http-equiv="refresh" content="${refreshSeconds}">`}
<title>${title} · Runback</title>
<style>${raw(style)}</style>
</head>
<body>
<header class="top"><div>
<a class="mark" href="/">${mark}Runback</a>
${
  viewer
    ? html`<nav aria-label="Pages">${link("/", "Runs", "runs")}${link("/health", "Health", "health")}<a href="/docs">API</a></nav>
<div class="who"><span>${viewer.name} · ${viewer.role}</span><form method="post" action="/session/end"><button class="quiet">Sign out</button></form></div>`
    : ""
}
</div></header>
<main>
${body}
</main>
</body>
</html>
`;
}
