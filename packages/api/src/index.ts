export type { Api } from "./api-env.ts";
export { type ApiLimits, type ApiOptions, defaultLimits, type RunHost } from "./api-options.ts";
export { createApi } from "./create-api.ts";
export { type LocalHost, localHost } from "./local-host.ts";
export { type Served, type ServeOptions, serve } from "./serve.ts";
