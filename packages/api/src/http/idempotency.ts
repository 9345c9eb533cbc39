import { digestOf, RunbackError, sha256 } from "@runback/core";
import type { MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import type { ApiEnv, ApiParts } from "../api-env.ts";

const headerName = "idempotency-key";

interface StoredAnswer {
  readonly location: string | null;
  readonly body: unknown;
}

/**
 * Executes a write once for its `Idempotency-Key`: a repetition gets the stored answer, marked `Idempotency-Replayed: true`.
 * Only answers of success are stored. Whatever was refused or failed wrote nothing, and may be sent again with the same key.
 *
 * @param withoutSecrets what of the body may be kept, where the answer shows something only once
 */
export function idempotent(
  { runtime, limits }: Pick<ApiParts, "runtime" | "limits">,
  withoutSecrets: (body: unknown) => unknown = (body) => body,
): MiddlewareHandler<ApiEnv> {
  const { engine } = runtime.context;
  return createMiddleware<ApiEnv>(async (c, next) => {
    const given = c.req.header(headerName);
    if (given === undefined) return await next();
    if (!/^[\x21-\x7e]{1,255}$/.test(given)) throw keyInvalid();
    const { id, name } = c.get("principal");
    const principal = `${id}:${name}`;
    // Keys belong to whom they came from: nobody takes, or learns of, another's.
    const key = sha256(`${principal}\n${given}`);
    const request = digestOf([c.req.method, c.req.path, principal, c.get("bodyText")]);
    const claimed = await engine.transaction((tx) =>
      engine.store.claimIdempotencyKey(tx, key, request, limits.idempotencyStaleMs),
    );
    if (!claimed) {
      const stored = await engine.store.idempotent(engine, key);
      if (stored === undefined || stored.status === null) throw inProgress();
      if (stored.requestSha256 !== request) throw mismatch();
      const answer = JSON.parse(stored.body!) as StoredAnswer;
      c.header("idempotency-replayed", "true");
      if (answer.location !== null) c.header("location", answer.location);
      return c.json(answer.body, stored.status as 200);
    }
    c.set("idempotencyKey", key);
    let kept = false;
    try {
      await next();
      if (c.res.status < 400) {
        const body = withoutSecrets(await c.res.clone().json());
        const answer: StoredAnswer = { location: c.res.headers.get("location"), body };
        await engine.transaction((tx) =>
          engine.store.answerIdempotent(tx, {
            key,
            requestSha256: request,
            status: c.res.status,
            body: JSON.stringify(answer),
          }),
        );
        kept = true;
      }
    } finally {
      if (!kept) await engine.transaction((tx) => engine.store.releaseIdempotencyKey(tx, key)).catch(() => {});
    }
  });
}

function keyInvalid(): RunbackError {
  return new RunbackError("IDEMPOTENCY_KEY_INVALID", "The Idempotency-Key is not usable.", {
    recovery: "Nothing was written. Use up to 255 printable ASCII characters, such as a UUID.",
    status: 400,
  });
}

function mismatch(): RunbackError {
  return new RunbackError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key was used for another request.", {
    recovery: "Nothing was written now. Use a new key for a new request.",
    status: 409,
  });
}

function inProgress(): RunbackError {
  return new RunbackError("IDEMPOTENCY_IN_PROGRESS", "A request with this Idempotency-Key is still being executed.", {
    recovery: "Send it again in a moment: the answer will be that of the first one.",
    status: 409,
    details: { retryAfterSeconds: 2 },
  });
}
