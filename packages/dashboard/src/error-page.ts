import { html } from "hono/html";
import { page } from "./layout.ts";
import type { Markup } from "./markup.ts";

/** What went wrong, and what to do. */
export function errorPage({ code, message, recovery }: { code: string; message: string; recovery: string }): Markup {
  return page({
    title: code,
    body: html`<div class="notice bad"><strong>${message}</strong><p>${recovery}</p><p class="soft small"><code>${code}</code></p></div>
<p><a href="/">All runs</a></p>`,
  });
}
