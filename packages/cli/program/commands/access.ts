import type { Role } from "@runback/core";
import { Command, Option } from "commander";
import type { Session } from "../session.ts";

export function approveCommand(session: Session): Command {
  return new Command("approve")
    .description("sign a plan digest as a second person")
    .argument("<digest>", "digest of the plan that was reviewed")
    .requiredOption("--requested-by <name>", "who asks for it")
    .option("--operator <name>", "who approves")
    .option("--action <action>", "what is approved", "rollback:force")
    .action(async (digest: string, options: { requestedBy: string; operator?: string; action: string }) => {
      const runtime = await session.runtime();
      const approval = await runtime.approve({
        digest,
        action: options.action,
        requestedBy: options.requestedBy,
        approvedBy: session.operator(options.operator),
      });
      session.result(approval, `Approval ${approval.id}, valid until ${approval.expiresAt}`);
    });
}

export function tokenCommand(session: Session): Command {
  return new Command("token").description("mint an API token; it is shown once").addCommand(
    new Command("create")
      .description("mint an API token; it is shown once")
      .argument("<name>", "whose it is: recorded as the operator of what it does")
      .addOption(new Option("--role <role>").choices(["viewer", "operator", "approver", "admin"]).default("operator"))
      .option("--operator <name>", "who makes it")
      .action(async (name: string, { role, operator }: { role: Role; operator?: string }) => {
        const runtime = await session.runtime();
        await runtime.init();
        const token = await runtime.mintToken({ name, role, operator: session.operator(operator) });
        session.result({ ...token, name, role }, token.secret);
      }),
  );
}
