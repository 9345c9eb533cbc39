import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/** Nothing an API answers is a page: a browser that shows it anyway runs and loads nothing. Pages set their own policy. */
export const apiPolicy = "default-src 'none'; frame-ancestors 'none'";

/** Headers for everything; `no-store`, since answers hold what only the token's owner may see. */
export function securityHeaders(): MiddlewareHandler {
  // Not `no-referrer`: under it browsers send `Origin: null` with forms, which the check against foreign ones then refuses.
  const secure = secureHeaders({ xFrameOptions: "DENY", referrerPolicy: "same-origin" });
  return async (c, next) => {
    await secure(c, async () => {
      await next();
      if (!c.res.headers.has("content-security-policy")) c.header("content-security-policy", apiPolicy);
      if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
    });
  };
}
