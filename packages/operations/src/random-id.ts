import { randomBytes } from "node:crypto";
import { type Clock, newRunId } from "@runback/core";

export function createRunId(clock: Clock): string {
  return newRunId(clock.now(), randomBytes(4).toString("hex"));
}
