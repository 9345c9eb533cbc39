import { Writable } from "node:stream";
import { RunbackError } from "@runback/core";
import { beforeAll, expect, it, vi } from "vitest";

interface Answer {
  status: number | undefined;
  headers: Record<string, string>;
  readonly chunks: string[];
  readonly text: string;
}

/** Lambda's stream: 200 unless a prelude with status and headers was written first. */
class ResponseStream extends Writable {
  readonly answer = {
    status: undefined as number | undefined,
    headers: {} as Record<string, string>,
    chunks: [] as string[],
    get text() {
      return this.chunks.join("");
    },
  };
  override _write(chunk: Buffer, _encoding: string, done: () => void) {
    this.answer.chunks.push(chunk.toString());
    done();
  }
}

type Handler = (event: unknown, stream: ResponseStream, context: unknown) => Promise<void>;

let lambdaHandler: (fetch: (request: Request) => Promise<Response>) => unknown;

beforeAll(async () => {
  // The two functions that Lambda's Node runtime puts in the global scope.
  vi.stubGlobal("awslambda", {
    streamifyResponse: (handler: Handler) => handler,
    HttpResponseStream: {
      from(stream: ResponseStream, prelude: { statusCode: number; headers: Record<string, string> }) {
        stream.answer.status = prelude.statusCode;
        stream.answer.headers = prelude.headers;
        return stream;
      },
    },
  });
  ({ lambdaHandler } = await import("./lambda.ts"));
});

/** One request as a function URL delivers it. */
async function invoke(
  fetch: (request: Request) => Promise<Response>,
  request: Partial<UrlEvent> = {},
): Promise<Answer> {
  const stream = new ResponseStream();
  const event: UrlEvent = {
    version: "2.0",
    rawPath: "/v1/health",
    rawQueryString: "",
    headers: { host: "abc.lambda-url.eu-central-1.on.aws" },
    requestContext: { domainName: "abc.lambda-url.eu-central-1.on.aws", http: { method: "GET" } },
    isBase64Encoded: false,
    ...request,
  };
  await (lambdaHandler(fetch) as Handler)(event, stream, {});
  return stream.answer;
}

interface UrlEvent {
  version: "2.0";
  rawPath: string;
  rawQueryString: string;
  headers: Record<string, string>;
  requestContext: { domainName: string; http: { method: string } };
  body?: string;
  isBase64Encoded: boolean;
}

it("hands over method, path, query, headers and a binary body, and answers with status, headers and body", async () => {
  const body = Buffer.from([0, 255, 10]);
  const answer = await invoke(
    async (request) => {
      const url = new URL(request.url);
      const bytes = Buffer.from(await request.arrayBuffer()).toString("hex");
      const seen = [request.method, url.pathname, url.search, request.headers.get("authorization"), bytes];
      return new Response(seen.join(" "), { status: 201, headers: { "x-runback": "yes" } });
    },
    {
      rawPath: "/v1/runs",
      rawQueryString: "cursor=a%20b",
      headers: { authorization: "Bearer t", "content-type": "application/octet-stream" },
      requestContext: { domainName: "abc.on.aws", http: { method: "POST" } },
      body: body.toString("base64"),
      isBase64Encoded: true,
    },
  );
  expect(answer.text).toBe("POST /v1/runs ?cursor=a%20b Bearer t 00ff0a");
  expect(answer.status).toBe(201);
  expect(answer.headers["x-runback"]).toBe("yes");
});

it("sends every chunk when it is there, not when the response is complete", async () => {
  const arrived = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const events = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode("event: step\n\n"));
      arrived.resolve();
      await finish.promise;
      controller.enqueue(new TextEncoder().encode("event: done\n\n"));
      controller.close();
    },
  });
  const answered = Promise.withResolvers<void>();
  const stream = new ResponseStream();
  stream._write = (chunk: Buffer, _encoding: string, done: () => void) => {
    stream.answer.chunks.push(chunk.toString());
    answered.resolve();
    done();
  };
  const event = {
    version: "2.0",
    rawPath: "/v1/runs/r/events",
    rawQueryString: "",
    headers: {},
    requestContext: { domainName: "abc.on.aws", http: { method: "GET" } },
    isBase64Encoded: false,
  };
  const handled = (lambdaHandler(async () => new Response(events)) as Handler)(event, stream, {});
  await arrived.promise;
  await answered.promise;
  expect(stream.answer.chunks).toEqual(["event: step\n\n"]);
  finish.resolve();
  await handled;
  expect(stream.answer.text).toBe("event: step\n\nevent: done\n\n");
});

it("answers 500 with a problem document, never 200, when the runtime cannot open, and keeps the reason for the log", async () => {
  const written: string[] = [];
  const stdout = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  try {
    const answer = await invoke(async () => {
      throw new Error("connect postgres://app:hunter2@db.example/app failed");
    });
    expect(answer.status).toBe(500);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    expect(JSON.parse(answer.text)).toMatchObject({ status: 500, code: "UNEXPECTED" });
    expect(answer.text).not.toContain("db.example");
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0]!)).toMatchObject({ level: "error", op: "functions.api" });
    expect(written[0]).toContain("db.example");
    expect(written[0]).not.toContain("hunter2");
  } finally {
    stdout.mockRestore();
  }
});

it("names the stable code of an error that has one", async () => {
  const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const answer = await invoke(async () => {
      throw new RunbackError("TARGET_UNREACHABLE", "No answer", { recovery: "Check the network." });
    });
    expect(JSON.parse(answer.text)).toMatchObject({ code: "TARGET_UNREACHABLE" });
  } finally {
    stdout.mockRestore();
  }
});
