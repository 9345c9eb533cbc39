import { docsPage, type OpenApi, pagePolicy } from "@runback/dashboard";
import type { Api } from "../api-env.ts";
import { openApiDocument } from "../openapi-document.ts";

/** The document for tools, and the page for people; both are rendered once. */
export function addDocs(app: Api): void {
  let text: string | undefined;
  let page: string | undefined;
  app.get("/v1/openapi.json", (c) => {
    text ??= JSON.stringify(openApiDocument(app));
    return c.body(text, 200, { "content-type": "application/json" });
  });
  app.get("/docs", (c) => {
    page ??= String(docsPage(openApiDocument(app) as unknown as OpenApi));
    c.header("content-security-policy", pagePolicy);
    return c.html(page);
  });
}
