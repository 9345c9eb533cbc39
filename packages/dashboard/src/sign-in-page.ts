import { html } from "hono/html";
import { page } from "./layout.ts";
import type { Markup } from "./markup.ts";

/** Asks for a token. @param to path to go on to @param problem why the last attempt did not work */
export function signInPage(to: string, problem?: string): Markup {
  return page({
    title: "Sign in",
    body: html`<form class="sign panel" method="post" action="/session">
<h1>Sign in</h1>
<p class="soft">With a Runback token of any role. It is kept in a cookie that scripts cannot read, for twelve hours.</p>
${problem === undefined ? "" : html`<p class="notice bad" role="alert">${problem}</p>`}
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus spellcheck="false">
<input type="hidden" name="to" value="${to}">
<button>Sign in</button>
<p class="soft small"><code>npm start</code> prints one; <code>runback token create</code> makes others.</p>
</form>`,
  });
}
