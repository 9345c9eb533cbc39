import { html } from "hono/html";
import type { Markup } from "./markup.ts";

/** Text of the document, in which backticks mark code. */
export function prose(text = ""): Markup {
  return html`${text.split("`").map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}
