import { version } from "@runback/core";
import type { Api } from "./api-env.ts";

type Document = ReturnType<Api["getOpenAPI31Document"]>;

/** Routes that anybody may ask. */
export const openPaths: readonly string[] = ["/v1/health", "/v1/openapi.json"];

/** The OpenAPI 3.1 document of everything that was added to the app. */
export function openApiDocument(app: Api): Document {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Runback",
      version,
      description:
        "Makes every change to a live SQL database reversible, verified and on the record. Roles: viewer < operator < approver < admin, each with the rights of those before it. Errors are application/problem+json with a stable `code`.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
  });
}
