import type { Stage } from "@runback/core";

export type Side = "legacy" | "new";

/** What a wrapper or the client has to tell. No values and no messages: those can be personal. */
export type Metric =
  | {
      /** A call of the side that does not decide. */
      readonly kind: "secondary-write" | "secondary-read";
      readonly flag: string;
      readonly stage: Stage;
      /** Since when the flag server counts comparisons of this stage; null where it is not known. */
      readonly since: string | null;
      readonly side: Side;
      readonly outcome: "ok" | "failed" | "timeout";
      /** Name of what was thrown: `TypeError`. */
      readonly error?: string;
      readonly durationMs: number;
    }
  | {
      /** Both sides were read for one call. `unknown`: the comparison itself failed. */
      readonly kind: "comparison";
      readonly flag: string;
      readonly stage: Stage;
      readonly since: string | null;
      readonly outcome: "equal" | "different" | "unknown";
    }
  | {
      /**
       * Counts were to be reported. `kept`: the server did not take them now, and gets them again · `refused`: it never will,
       * and is told how many were lost · `lost`: the reporter was closed before they were through.
       */
      readonly kind: "report";
      readonly outcome: "sent" | "kept" | "refused" | "lost";
      readonly flag: string;
      readonly observations: number;
      readonly error?: string;
    }
  | {
      /** The flags were asked for. `kept`: the server does not answer, and the last known values go on. */
      readonly kind: "refresh";
      readonly outcome: "new" | "unchanged" | "kept";
      readonly error?: string;
    };

export type MetricListener = (metric: Metric) => void;

/** Calls a listener; what it throws is its own affair. */
export function tell(listener: MetricListener | undefined, metric: Metric): void {
  try {
    listener?.(metric);
  } catch {
    // A metric must not break the call it is about.
  }
}

export const errorName = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
