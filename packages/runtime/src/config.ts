import type { AnalyticsEvent, AttendanceVocabulary } from "@runback/attendance";
import type { ColumnCutover, ImportDeclaration } from "@runback/core";
import type { Policies } from "@runback/operations";

/** What an installation has: `runback.config.ts` exports one. */
export interface RunbackConfig {
  /** What is imported; empty where only cutovers or attendance are. */
  readonly migrations: readonly MigrationConfig[];
  /** Columns on their way from one to another: what `guard` watches. */
  readonly cutovers?: readonly ColumnCutover[];
  /** Attendance of events: what check-in works on, and what the `completion` schedule closes. Without it there is no such monitor, and nothing is closed. */
  readonly attendance?: AttendanceConfig;
  /** Databases by name; `--target` picks one. Without any, `default` is `DATABASE_URL` or the embedded PostgreSQL. */
  readonly targets?: Readonly<Record<string, TargetConfig>>;
  /** Folder whose subfolders the API may import from, beside the configured sources; relative to the configuration file. */
  readonly sourceFolder?: string;
  /** Who is told of failures. Without any, alerts are listed and wait. */
  readonly alerts?: readonly ReceiverConfig[];
  /** Tokens of an OpenID Connect issuer, beside Runback's own. */
  readonly oidc?: OidcConfig;
}

export interface MigrationConfig {
  readonly declaration: ImportDeclaration;
  readonly policies: Policies;
  /** Folder of the export when `--source` does not say; relative to the configuration file. */
  readonly source?: string;
}

export interface AttendanceConfig {
  /** The installation's tables and words: `eventParticipants` or `eventAttendees` of `@runback/attendance`, or one changed from them. */
  readonly vocabulary: AttendanceVocabulary;
  /** Minutes before the start from which people are checked in, where an event has none of its own; default 15. */
  readonly windowMinutes?: number;
  /** Minutes after the start that count as on time, and after the end until it closes; default 10. */
  readonly graceMinutes?: number;
  /**
   * An instant (`2026-01-01T00:00:00Z`): the schedule leaves events that ended before it alone. Without it, the first firing
   * closes every event of the past whose participants are unmarked.
   */
  readonly closeSince?: string;
  /**
   * Who is told of changes of status once they are committed: a function that must not wait. Default: log lines, with ids
   * only. `false`: nobody.
   */
  readonly onAnalytics?: ((events: readonly AnalyticsEvent[]) => void) | false;
  /** False: nothing watches the audit table of this vocabulary. For one whose key does not count up, which cannot be watched. */
  readonly scanAudit?: false;
}

export interface TargetConfig {
  /** Name of the environment variable that holds the URL: URLs carry passwords and stay out of files. */
  readonly urlFrom: string;
  /** A live import needs the plan digest of a dry run, at most a day old. */
  readonly protected?: boolean;
}

/** A receiver of alerts. Addresses and keys come from environment variables: with some receivers they are the secret. */
export type ReceiverConfig = {
  /** Stable: what was delivered is remembered under it. */
  readonly name: string;
  /** Receivers in private networks are refused unless this says otherwise. */
  readonly allowPrivate?: boolean;
} & (
  | { readonly format: "webhook"; readonly urlFrom: string; readonly secretFrom: string }
  | { readonly format: "slack"; readonly urlFrom: string }
  | { readonly format: "pagerduty"; readonly routingKeyFrom: string; readonly urlFrom?: string }
);

export interface OidcConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Claim that holds the role (viewer, operator, approver, admin); default `runback_role`. */
  readonly roleClaim?: string;
  /**
   * Claim that names the person, for runs and approvals; default `sub`. Another one (`email`) only when the issuer lets
   * nobody choose its value: whoever can take a colleague's name can approve their own request.
   */
  readonly nameClaim?: string;
}

/** Gives a configuration file its types. */
export function defineConfig(config: RunbackConfig): RunbackConfig {
  return config;
}
