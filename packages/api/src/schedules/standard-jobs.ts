import { monitorsOf, type Runtime } from "@runback/runtime";
import type { Job } from "./scheduler.ts";

/** What a serving process does by itself. On AWS, schedules of their own call the same monitors. */
export function standardJobs(runtime: Runtime): readonly Job[] {
  return monitorsOf(runtime.config).map(({ name, everyMs }) => ({
    name,
    everyMs,
    run: () => runtime.monitors.run(name),
  }));
}
