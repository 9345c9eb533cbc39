import { randomBytes } from "node:crypto";
import { newRunId } from "@runback/core";
import type { Context } from "./context.ts";

export function createRunId({ clock, newRunId: next }: Pick<Context, "clock" | "newRunId">): string {
  return next?.() ?? newRunId(clock.now(), randomBytes(4).toString("hex"));
}
