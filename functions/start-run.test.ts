import { RunbackError } from "@runback/core";
import { afterEach, beforeAll, expect, it, vi } from "vitest";

let startRun: typeof import("./start-run.ts")["startRun"];

beforeAll(async () => {
  // As Lambda's environment has it: the function's link and role.
  Object.assign(process.env, {
    SST_RESOURCE_App: JSON.stringify({ name: "runback", stage: "test" }),
    SST_RESOURCE_Runs: JSON.stringify({ name: "runback-runs", qualifier: "7" }),
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "example",
  });
  ({ startRun } = await import("./start-run.ts"));
});
afterEach(() => vi.unstubAllGlobals());

/** Lambda's side of the call: keeps the signed request and answers with the status. */
function lambda(status: number): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    requests.push(request);
    return new Response("{}", { status });
  });
  return requests;
}

it("asks for one asynchronous execution of the published version, named after run and attempt, in a signed request", async () => {
  const requests = lambda(202);
  await startRun({ runId: "run-20260115-143000-4f2a91", attempt: 2 });
  expect(requests).toHaveLength(1);
  const [request] = requests as [Request];
  expect(request.url).toBe(
    "https://lambda.eu-central-1.amazonaws.com/2015-03-31/functions/runback-runs/invocations?Qualifier=7",
  );
  expect(request.method).toBe("POST");
  expect(request.headers.get("x-amz-invocation-type")).toBe("Event");
  expect(request.headers.get("x-amz-durable-execution-name")).toBe("run-20260115-143000-4f2a91-2");
  expect(request.headers.get("authorization")).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/.*\/lambda\//);
  expect(await request.json()).toEqual({ runId: "run-20260115-143000-4f2a91" });
});

it("says that nothing was executed when Lambda refuses", async () => {
  lambda(403);
  const refused = startRun({ runId: "run-1", attempt: 1 });
  await expect(refused).rejects.toBeInstanceOf(RunbackError);
  await expect(refused).rejects.toMatchObject({
    code: "RUN_NOT_STARTED",
    status: 503,
    message: "Lambda did not take run run-1 (status 403)",
  });
});
