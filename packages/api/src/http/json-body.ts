import { RunbackError } from "@runback/core";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiEnv } from "../api-env.ts";
import type { ApiLimits } from "../api-options.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the body of a write: JSON in UTF-8, not too large, not too deep. Schemas look at it afterwards. */
export function jsonBody({ bodyBytes, jsonDepth }: ApiLimits): MiddlewareHandler<ApiEnv> {
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.set("bodyText", "");
    if (c.req.method !== "GET" && c.req.method !== "HEAD") {
      const bytes = await c.req.arrayBuffer();
      // A declared length may be a lie where no HTTP server checked it.
      if (bytes.byteLength > bodyBytes) throw bodyTooLarge(bodyBytes);
      if (bytes.byteLength > 0) {
        assertJsonType(c.req.header("content-type"));
        c.set("bodyText", parseable(bytes, jsonDepth));
      }
    }
    await next();
  });
}

export function bodyTooLarge(bodyBytes: number): RunbackError {
  return new RunbackError("BODY_TOO_LARGE", `The body is larger than ${bodyBytes} bytes.`, {
    recovery: "Nothing was written. Sources and bundles are named, never sent.",
    status: 413,
  });
}

function assertJsonType(header: string | undefined): void {
  const [type, ...parameters] = (header ?? "").toLowerCase().split(";");
  const charset = parameters.map((each) => /^\s*charset\s*=\s*"?([\w-]+)"?\s*$/.exec(each)?.[1]).find(Boolean);
  if (type!.trim() === "application/json" && (charset === undefined || charset === "utf-8")) return;
  throw new RunbackError("CONTENT_TYPE_UNSUPPORTED", "The body is not declared as application/json in UTF-8.", {
    recovery: "Nothing was written. Send `Content-Type: application/json`.",
    status: 415,
  });
}

function parseable(bytes: ArrayBuffer, maxDepth: number): string {
  let text: string;
  try {
    text = strict.decode(bytes);
  } catch {
    throw invalidJson("it is not UTF-8");
  }
  if (jsonDepth(text) > maxDepth) throw invalidJson(`it is nested deeper than ${maxDepth} levels`);
  try {
    JSON.parse(text);
  } catch {
    throw invalidJson("it cannot be parsed");
  }
  return text;
}

function invalidJson(why: string): RunbackError {
  return new RunbackError("JSON_INVALID", `The body is no usable JSON: ${why}.`, {
    recovery: "Nothing was written. Correct the body.",
    status: 400,
  });
}

/** Deepest nesting of a JSON text, found before it is parsed. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") deepest = Math.max(deepest, ++depth);
    else if (char === "}" || char === "]") depth--;
  }
  return deepest;
}
