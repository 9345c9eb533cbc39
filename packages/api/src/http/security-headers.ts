import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/** Nothing an API answers is a page: a browser that shows it anyway runs and loads nothing. Pages set their own policy. */
export const apiPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Headers for everything; `no-store`, since answers hold what only the token's owner may see. */
export function securityHeaders(): MiddlewareHandler {
  const secure = secureHeaders({ xFrameOptions: "DENY", referrerPolicy: "no-referrer" });
  return async (c, next) => {
    await secure(c, async () => {
      await next();
      if (!c.res.headers.has("content-security-policy")) c.header("content-security-policy", apiPolicy);
      if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
    });
  };
}
