import { lambdaHandler } from "./lambda.ts";
import { runtime } from "./runtime.ts";

/** API and dashboard behind the function URL. */
export const handler = lambdaHandler(async (request) => (await runtime()).fetch(request));
