import { errorDocument } from "@runback/core";
import { Hono } from "hono";
// Deprecated there in favour of @hono/aws-lambda, which is not published yet: this is the only file to change when it is.
import { streamHandle } from "hono/aws-lambda";

/** What the adapter hands over beside the request. */
export interface LambdaBindings {
  readonly requestContext: { readonly http: { readonly sourceIp: string } };
}

/**
 * A handler for a function URL in streaming mode. When `fetch` rejects, which the API itself never does, the answer is a 500
 * problem document; the adapter alone would send its error text under status 200.
 */
export function lambdaHandler(
  fetch: (request: Request, lambda: LambdaBindings) => Promise<Response>,
): ReturnType<typeof streamHandle> {
  const app = new Hono<{ Bindings: LambdaBindings }>().all("*", (context) => fetch(context.req.raw, context.env));
  app.onError((thrown, context) => {
    const { code, message, recovery } = errorDocument(thrown).error;
    const entry = { timestamp: new Date().toISOString(), level: "error", op: "functions.api", code, message, recovery };
    process.stdout.write(`${JSON.stringify(entry)}\n`);
    const problem = {
      type: `urn:runback:error:${code}`,
      title: "Internal Server Error",
      status: 500,
      detail: "The service could not start.",
      code,
      recovery: "The log of the function says why.",
    };
    return context.json(problem, 500, { "content-type": "application/problem+json" });
  });
  return streamHandle(app);
}
