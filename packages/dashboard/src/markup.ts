import type { html } from "hono/html";

/** A piece of a page: text in it is escaped already. */
export type Markup = ReturnType<typeof html>;
