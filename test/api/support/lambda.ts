import { Writable } from "node:stream";
import { createApi } from "@runback/api";
import { vi } from "vitest";
import { type Answer, adminToken, answerOf, type Site } from "./site.ts";

type Handler = (event: unknown, stream: Writable, context: unknown) => Promise<void>;

interface Prelude {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly cookies?: string[];
}

/** The site's API behind the Lambda adapter: every request is the event of a function URL. */
export async function lambdaSend(site: Site): Promise<Site["send"]> {
  const preludes = new WeakMap<Writable, Prelude>();
  // The two functions that Lambda's Node runtime puts in the global scope.
  vi.stubGlobal("awslambda", {
    streamifyResponse: (handler: Handler) => handler,
    HttpResponseStream: {
      from: (stream: Writable, prelude: Prelude) => {
        preludes.set(stream, prelude);
        return stream;
      },
    },
  });
  const { lambdaHandler } = await import("../../../functions/lambda.ts");
  const api = createApi(site.runtime, { adminToken, limits: { eventPollMs: 10 } });
  const handler = lambdaHandler(async (request, lambda) => await api.fetch(request, lambda)) as unknown as Handler;
  return async (who, method, path, body, headers = {}): Promise<Answer> => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const url = new URL(path, "https://abc.on.aws");
    await handler(
      {
        version: "2.0",
        rawPath: url.pathname,
        rawQueryString: url.search.slice(1),
        headers: {
          ...(who === null ? {} : { authorization: `Bearer ${site.tokens[who]}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        requestContext: { domainName: "abc.on.aws", http: { method, sourceIp: "203.0.113.9" } },
        isBase64Encoded: body !== undefined,
        ...(body === undefined
          ? {}
          : { body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)).toString("base64") }),
      },
      stream,
      {},
    );
    const { statusCode, headers: sent } = preludes.get(stream)!;
    return await answerOf(new Response(Buffer.concat(chunks), { status: statusCode, headers: sent }));
  };
}
