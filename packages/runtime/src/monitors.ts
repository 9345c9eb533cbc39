import { type Alert, RunbackError } from "@runback/core";
import { type Context, listAlerts, watch } from "@runback/operations";
import type { RunbackConfig } from "./config.ts";
import type { Runtime } from "./runtime.ts";

const minuteMs = 60 * 1000;
const hourMs = 60 * minuteMs;

/** A check on a schedule; its failure raises an alert, its recovery resolves it. */
export interface Monitor {
  /** Kebab-case. */
  readonly name: string;
  readonly title: string;
  /** It runs when the UTC clock reaches a multiple of this. */
  readonly everyMs: number;
  /** Null when its failure raises no alert: that of delivering alerts could not be told. */
  readonly severity: Alert["severity"] | null;
  /** Throws when what it looks at is not well. */
  readonly run: (runtime: MonitoredVerbs) => Promise<unknown>;
}

type MonitoredVerbs = Pick<
  Runtime,
  "anchorAudit" | "sweepRetention" | "snapshots" | "alerts" | "cutovers" | "attendance"
>;

type Watching = Pick<RunbackConfig, "cutovers" | "attendance">;

/**
 * Every monitor of an installation: the standing ones, `completion` where attendance is configured, and one of each cutover.
 * This alone decides what runs: here, in a serving process, and behind a schedule that is deployed.
 */
export function monitorsOf({ cutovers = [], attendance }: Watching): readonly Monitor[] {
  return [
    ...standing,
    ...(attendance?.scanAudit === false ? [] : [attendanceAudit]),
    ...(attendance === undefined ? [] : [completion]),
    ...cutovers.map(
      ({ name }): Monitor => ({
        name: `${cutoverPrefix}${name}`,
        title: `The columns of ${name} do not agree`,
        everyMs: minuteMs,
        severity: "error",
        run: (runtime) => runtime.cutovers.monitor(name),
      }),
    ),
  ];
}

const standing: readonly Monitor[] = [
  {
    name: "audit-verification",
    title: "An audit trail does not hold",
    everyMs: hourMs,
    severity: "critical",
    run: (runtime) => runtime.anchorAudit(),
  },
  {
    name: "vault-retention",
    title: "The vault could not be swept of what has outlived its retention",
    everyMs: 24 * hourMs,
    severity: "warning",
    run: (runtime) => runtime.sweepRetention(),
  },
  {
    name: "snapshot-verification",
    title: "No snapshot is proven restorable",
    everyMs: 24 * hourMs,
    severity: "error",
    run: (runtime) => runtime.snapshots.prove(),
  },
  {
    name: "alert-delivery",
    title: "Alerts could not be delivered",
    everyMs: minuteMs,
    severity: null,
    run: (runtime) => runtime.alerts.deliver(),
  },
];

/** Also where attendance is not configured: what was migrated once is on record, and stays so. */
const attendanceAudit: Monitor = {
  name: "attendance-audit",
  title: "The attendance audit was changed",
  everyMs: hourMs,
  severity: "critical",
  run: (runtime) => runtime.attendance.scanAudit(),
};

const completion: Monitor = {
  name: "completion",
  title: "Events that are over could not be closed",
  everyMs: minuteMs,
  severity: "error",
  run: (runtime) => runtime.attendance.closeDue("schedule"),
};

/** Monitors that are not there for every installation, and what they hang on. */
const dependent: Readonly<Record<string, string>> = {
  [completion.name]: "there is no `attendance` in its configuration",
  [attendanceAudit.name]: "its configuration says `attendance.scanAudit: false`",
};

export interface MonitorState extends Pick<Monitor, "name" | "title" | "everyMs"> {
  /** The unresolved alert of its last failures, if it is failing. */
  readonly alert: Alert | null;
}

export interface MonitorVerbs {
  list(): Promise<readonly MonitorState[]>;
  /** Runs one now. @returns what it found @throws `MONITOR_UNKNOWN`, whatever the monitor throws */
  run(name: string): Promise<unknown>;
  /** Runs the monitor of every cutover, also after one failed. @returns how many @throws what the first failure threw */
  runCutovers(): Promise<number>;
  /**
   * What a deployed schedule calls, for schedules are deployed for every installation: runs the monitor, or, where this one
   * configures nothing for it, does nothing and says so.
   */
  fire(name: string): Promise<unknown>;
}

export function monitorVerbs(context: Context, config: Watching, verbs: () => MonitoredVerbs): MonitorVerbs {
  const monitors = monitorsOf(config);
  const target = context.target ?? "default";
  const nothingToWatch = (name: string, why: string) => {
    context.logger.log("info", `schedule.${name}`, { message: `nothing was looked at: ${why}` });
    return { configured: false, why };
  };
  const verbsOf: MonitorVerbs = {
    list: async () => {
      const { alerts } = await listAlerts(context, { limit: 1_000, checks: monitors.map(({ name }) => checkOf(name)) });
      return monitors.map(({ name, title, everyMs }) => ({
        ...{ name, title, everyMs },
        alert: alerts.find((alert) => alert.check === checkOf(name) && alert.target === target) ?? null,
      }));
    },
    run: async (name) => {
      const monitor = monitors.find((each) => each.name === name);
      if (monitor === undefined) {
        const why = dependent[name];
        throw new RunbackError(
          "MONITOR_UNKNOWN",
          `No monitor is named ${name.slice(0, 80)}${why === undefined ? "" : `: ${why}`}.`,
          {
            recovery: `Monitors: ${monitors.map((each) => each.name).join(", ")}.`,
            status: 404,
          },
        );
      }
      await context.engine.init();
      const { title, severity } = monitor;
      const work = () => monitor.run(verbs());
      if (severity === null) return await work();
      return await watch(context, { check: checkOf(name), target, severity, title }, work);
    },
    runCutovers: async () => {
      const names = monitors.map(({ name }) => name).filter((name) => name.startsWith(cutoverPrefix));
      if (names.length === 0) nothingToWatch("cutover-monitors", "there are no `cutovers` in its configuration");
      const failures: unknown[] = [];
      for (const name of names) await verbsOf.run(name).catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
      return names.length;
    },
    fire: async (name) => {
      const why = dependent[name];
      const isHere = monitors.some((each) => each.name === name);
      return isHere || why === undefined ? await verbsOf.run(name) : nothingToWatch(name, why);
    },
  };
  return verbsOf;
}

const cutoverPrefix = "cutover-";

const checkOf = (name: string) => `monitor:${name}`;
