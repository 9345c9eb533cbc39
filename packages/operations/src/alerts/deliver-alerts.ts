import { randomUUID } from "node:crypto";
import type { Alert, AlertEvent, AlertEventKind } from "@runback/core";
import type { Context } from "../context.ts";
import { alertTables } from "./alert-tables.ts";
import { backoff } from "./backoff.ts";
import type { Receiver, SendAlert } from "./receiver.ts";
import { resolveEndedRuns } from "./resolve-ended.ts";
import { spellAlert } from "./spell-alert.ts";

export interface Delivery {
  readonly receivers: readonly Receiver[];
  readonly send: SendAlert;
  /** Milliseconds after which no further request is begun. */
  readonly budgetMs: number;
  readonly random?: () => number;
}

export interface Delivered {
  readonly delivered: number;
  readonly failed: number;
  /** Given up in this call. */
  readonly dead: number;
}

/** Longer than any request may take: after it, whoever claimed a delivery is taken to be gone. */
const claimMs = 60_000;
const batch = 50;

/**
 * Sends what is in the outbox and due, to every receiver side by side; of one alert, its events in their order. Any number
 * may run at once: a delivery is claimed first. One whose sender dies after the receiver had it is sent again under the same
 * `webhook-id`, by which receivers know it.
 */
export async function deliverAlerts(context: Context, delivery: Delivery): Promise<Delivered> {
  const until = context.clock.now().getTime() + delivery.budgetMs;
  await resolveEndedRuns(context);
  await addressEvents(context, delivery.receivers);
  const outcomes = await Promise.all(
    delivery.receivers.map((receiver) => deliverTo(context, delivery, receiver, until)),
  );
  return outcomes.reduce(
    (sum, each) => ({
      delivered: sum.delivered + each.delivered,
      failed: sum.failed + each.failed,
      dead: sum.dead + each.dead,
    }),
    { delivered: 0, failed: 0, dead: 0 },
  );
}

/** Gives every new event a delivery for each receiver there is. Without receivers events wait for one. */
async function addressEvents({ engine, clock }: Context, receivers: readonly Receiver[]): Promise<void> {
  if (receivers.length === 0) return;
  const { events, deliveries } = alertTables(engine.dialect);
  for (;;) {
    const { rows } = await engine.query<{ id: string }>(
      `SELECT id FROM ${events} WHERE addressed = 0 ORDER BY seq LIMIT ${batch}`,
    );
    if (rows.length === 0) return;
    for (const { id } of rows) {
      await engine.transaction(async (tx) => {
        const mine = await tx.query(`UPDATE ${events} SET addressed = 1 WHERE id = $1 AND addressed = 0`, [id]);
        if (mine.count === 0) return;
        for (const { name } of receivers) {
          await tx.query(`INSERT INTO ${deliveries} (event_id, receiver, next_at) VALUES ($1, $2, $3)`, [
            id,
            name,
            clock.now().toISOString(),
          ]);
        }
      });
    }
  }
}

interface Due {
  readonly id: string;
  readonly kind: AlertEventKind;
  readonly at: string;
  readonly alert: string;
  readonly attempts: number | string;
}

async function deliverTo(context: Context, delivery: Delivery, receiver: Receiver, until: number): Promise<Delivered> {
  const done = { delivered: 0, failed: 0, dead: 0 };
  while (context.clock.now().getTime() < until) {
    const due = await nextDue(context, receiver.name);
    if (due === undefined) return done;
    const claim = randomUUID();
    if (!(await claimed(context, receiver.name, due, claim))) continue;
    done[await deliverOne(context, delivery, receiver, due, claim)] += 1;
  }
  return done;
}

async function nextDue({ engine, clock }: Context, receiver: string): Promise<Due | undefined> {
  const { events, deliveries } = alertTables(engine.dialect);
  const { rows } = await engine.query<Due>(
    `SELECT e.id, e.kind, e.at, e.alert, d.attempts FROM ${deliveries} d JOIN ${events} e ON e.id = d.event_id
     WHERE d.receiver = $1 AND d.delivered_at IS NULL AND d.dead_at IS NULL AND d.next_at <= $2
       AND (d.claimed_until IS NULL OR d.claimed_until <= $2)
       AND NOT EXISTS (SELECT 1 FROM ${events} earlier JOIN ${deliveries} w ON w.event_id = earlier.id
         WHERE earlier.alert_id = e.alert_id AND earlier.seq < e.seq AND w.receiver = d.receiver
           AND w.delivered_at IS NULL AND w.dead_at IS NULL)
     ORDER BY e.seq LIMIT 1`,
    [receiver, clock.now().toISOString()],
  );
  return rows[0];
}

async function claimed({ engine, clock }: Context, receiver: string, due: Due, claim: string): Promise<boolean> {
  const now = clock.now();
  const { count } = await engine.query(
    `UPDATE ${alertTables(engine.dialect).deliveries} SET claim = $1, claimed_until = $2, attempts = attempts + 1
     WHERE event_id = $3 AND receiver = $4 AND delivered_at IS NULL AND dead_at IS NULL
       AND (claimed_until IS NULL OR claimed_until <= $5)`,
    [claim, new Date(now.getTime() + claimMs).toISOString(), due.id, receiver, now.toISOString()],
  );
  return count === 1;
}

async function deliverOne(
  { engine, clock, logger }: Context,
  { send, random = Math.random }: Delivery,
  receiver: Receiver,
  due: Due,
  claim: string,
): Promise<keyof Delivered> {
  const { deliveries } = alertTables(engine.dialect);
  const event: AlertEvent = { id: due.id, kind: due.kind, at: due.at, alert: JSON.parse(due.alert) as Alert };
  const attempts = Number(due.attempts) + 1;
  const mine = "WHERE event_id = $1 AND receiver = $2 AND claim = $3";
  const about = { alert: event.alert.id, event: due.kind, receiver: receiver.name, attempts };
  try {
    await send(spellAlert(receiver, event, clock));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const wait = backoff(attempts, random());
    const now = clock.now();
    const at = new Date(now.getTime() + (wait ?? 0)).toISOString();
    await engine.query(
      `UPDATE ${deliveries} SET claim = NULL, claimed_until = NULL, last_error = $4, ${wait === null ? "dead_at" : "next_at"} = $5 ${mine}`,
      [due.id, receiver.name, claim, reason.slice(0, 500), at],
    );
    logger.log(wait === null ? "error" : "warn", wait === null ? "alert.dead" : "alert.retry", {
      ...about,
      message: reason,
    });
    return wait === null ? "dead" : "failed";
  }
  await engine.query(`UPDATE ${deliveries} SET claim = NULL, claimed_until = NULL, delivered_at = $4 ${mine}`, [
    due.id,
    receiver.name,
    claim,
    clock.now().toISOString(),
  ]);
  logger.log("info", "alert.delivered", about);
  return "delivered";
}
