import { randomUUID } from "node:crypto";
import { type Approval, type Connection, RunbackError, type TableRef } from "@runback/core";
import { appendAudit } from "../audit/append.ts";
import type { Context } from "../context.ts";

/** An approval is for what was seen: it lapses with the day. */
const validMs = 24 * 60 * 60 * 1000;

export interface ApprovalRequest {
  readonly digest: string;
  readonly action: string;
  readonly requestedBy: string;
  readonly approvedBy: string;
}

/** A second person signs a digest. @throws `APPROVAL_OWN` when it is the same person */
export async function approve(
  { engine, clock }: Context,
  request: ApprovalRequest,
  auditTable: TableRef,
): Promise<Approval> {
  if (request.requestedBy === request.approvedBy) {
    throw new RunbackError("APPROVAL_OWN", "Nobody approves their own request.", {
      recovery: "Ask a second person with the role approver.",
      status: 403,
    });
  }
  const now = clock.now();
  const approval: Approval = {
    id: `apr-${randomUUID()}`,
    ...request,
    approvedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + validMs).toISOString(),
  };
  await engine.transaction(async (tx) => {
    await engine.store.createApproval(tx, approval);
    await appendAudit(tx, engine.dialect, auditTable, "migration:approval", {
      approval: approval.id,
      digest: approval.digest,
      action: approval.action,
      requested_by: approval.requestedBy,
      approved_by: approval.approvedBy,
    });
  });
  return approval;
}

/** @throws `APPROVAL_REQUIRED` unless a second person signed exactly this digest, not long ago */
export async function assertApproval(
  { engine, clock }: Context,
  tx: Connection,
  id: string | undefined,
  digest: string,
  operator: string,
): Promise<void> {
  const approval = id === undefined ? undefined : await engine.store.approval(tx, id);
  const why = id === undefined ? "none was given" : invalid(approval, digest, operator, clock.now());
  if (why === null) return;
  throw new RunbackError(
    "APPROVAL_REQUIRED",
    `This needs the approval of a second person for plan ${digest}: ${why}.`,
    {
      recovery:
        "Nothing was written. Have somebody else approve the plan digest (POST /v1/approvals, or `runback approve`), then pass --approval <id>.",
      status: 403,
      details: { digest },
    },
  );
}

/** Why an approval is none for this digest and operator, now; null when it is. */
function invalid(approval: Approval | undefined, digest: string, operator: string, now: Date): string | null {
  if (approval === undefined) return "there is no approval of the id that was given";
  if (approval.digest !== digest) return `${approval.id} is for another plan`;
  if (approval.approvedBy === operator) return `${approval.id} was given by the operator`;
  // What is no time does not lie ahead.
  return Date.parse(approval.expiresAt) > now.getTime() ? null : `${approval.id} has expired`;
}
