import { expect, test } from "vitest";
import { receiverVariables } from "./receiver-variables.ts";

test("is the secret's variables; the default has none", () => {
  expect(receiverVariables('{"SLACK_WEBHOOK":"https://hooks.example"}')).toEqual({
    SLACK_WEBHOOK: "https://hooks.example",
  });
  expect(receiverVariables("{}")).toEqual({});
});

test.each(["", "https://hooks.example/secret", '["https://hooks.example/secret"]', '{"A":1}', "null"])(
  "refuses %j, and repeats nothing of it",
  (text) => {
    const refused = () => receiverVariables(text);
    expect(refused).toThrow(expect.objectContaining({ code: "RECEIVER_INVALID" }));
    expect(refused).not.toThrow(/hooks/);
  },
);
