import { LocalDurableTestRunner, OperationType } from "@aws/durable-execution-sdk-js-testing";
import { workflow } from "sst/aws/workflow";
import { afterAll, beforeAll, expect, it } from "vitest";
import { advanceUntilDone, type Progress } from "./advance-until-done.ts";

// The service's own test runner replays the handler as Lambda does; waits pass at once.
beforeAll(() => LocalDurableTestRunner.setupTestEnvironment({ skipTime: true }));
afterAll(() => LocalDurableTestRunner.teardownTestEnvironment());

const running = { done: false, state: "running" };
const waiting = { done: false, state: "awaiting-approval" };
const completed = { done: true, state: "completed" };

/** Runs the loop over a list of answers; an Error in it is thrown. */
async function execute(answers: readonly (Progress | Error)[]) {
  const left = [...answers];
  const budgets: number[] = [];
  const advance = async (budgetMs: number): Promise<Progress> => {
    budgets.push(budgetMs);
    const answer = left.shift();
    if (answer === undefined) throw new Error("asked once more than expected");
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const handlerFunction = workflow.handler((_event, context) => advanceUntilDone(context, advance));
  const result = await new LocalDurableTestRunner({ handlerFunction }).run();
  const waits = result
    .getOperations()
    .filter((operation) => operation.getType() === OperationType.WAIT)
    .map((operation) => operation.getWaitDetails()?.waitSeconds);
  return { result, budgets, left, waits };
}

it("advances until the run is done, with Lambda's time less a margin, and a wait between that ends the invocation", async () => {
  const { result, budgets, left, waits } = await execute([running, running, completed]);
  expect(result.getResult()).toEqual(completed);
  expect(left).toEqual([]);
  expect(budgets).toEqual([840_000, 840_000, 840_000]);
  expect(waits).toEqual([1, 1]);
});

it("asks less and less often while the run waits for somebody, and at once again when it went on", async () => {
  const { result, waits } = await execute([...Array(6).fill(waiting), running, waiting, completed]);
  expect(result.getResult()).toEqual(completed);
  expect(waits).toEqual([60, 120, 240, 480, 900, 900, 1, 60]);
});

it("takes a failing advance again four times, so that a database may fail over", async () => {
  const failures = Array.from({ length: 4 }, () => new Error("connection refused"));
  const { result, left } = await execute([...failures, completed]);
  expect(result.getResult()).toEqual(completed);
  expect(left).toEqual([]);
});

it("fails the execution after the fifth failure in a row", async () => {
  const failures = Array.from({ length: 6 }, () => new Error("connection refused"));
  const { result, left } = await execute(failures);
  expect(result.getStatus()).toBe("FAILED");
  expect(result.getError()).toMatchObject({ errorMessage: "connection refused" });
  expect(left).toHaveLength(1);
});

it("fails the execution when the run itself failed, so that the alarm is raised", async () => {
  const { result } = await execute([running, { done: true, state: "failed" }]);
  expect(result.getStatus()).toBe("FAILED");
});

it("ends well when the run was refused before anything was written", async () => {
  const { result } = await execute([{ done: true, state: "aborted" }]);
  expect(result.getResult()).toEqual({ done: true, state: "aborted" });
});
