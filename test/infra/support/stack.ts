import type { Registered } from "./recorder.ts";

/** A statement as the stack wrote it: Pulumi's data source turns it into AWS's spelling. */
export interface Statement {
  readonly effect?: string;
  readonly actions: readonly string[];
  readonly resources?: readonly string[];
  readonly conditions?: readonly {
    readonly test: string;
    readonly variable: string;
    readonly values: readonly string[];
  }[];
}

type Inputs = Readonly<Record<string, unknown>>;

/** What happens to a resource that leaves the program: refused, or forgotten and left in the account. */
export interface Keeping {
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
}

/** What a deploy would have created, with the questions that tests ask of it. */
export class Stack {
  readonly app: { readonly removal: string; readonly protect: boolean };
  readonly resources: readonly Registered[];
  readonly outputs: Inputs;
  readonly #kept: ReadonlyMap<string, Keeping>;

  constructor(
    app: Stack["app"],
    resources: readonly Registered[],
    outputs: Inputs,
    kept: ReadonlyMap<string, Keeping>,
  ) {
    this.app = app;
    this.resources = resources;
    this.outputs = outputs;
    this.#kept = kept;
  }

  /** Inputs of all resources of a type: `aws:sqs/queue:Queue`, by their name in the program. */
  all(type: string): ReadonlyMap<string, Inputs> {
    return new Map(this.resources.filter((it) => it.type === type).map((it) => [it.name, it.inputs]));
  }

  /** Inputs of the one resource with that type and name; an error lists what there is. */
  one(type: string, name: string): Inputs {
    const found = this.all(type);
    const inputs = found.get(name);
    if (inputs === undefined) throw new Error(`No ${type} named ${name}, but: ${[...found.keys()].join(", ")}`);
    return inputs;
  }

  /** How the one resource with that type and name is kept. */
  keeping(type: string, name: string): Keeping | undefined {
    return this.#kept.get(`${type} ${name}`);
  }

  /** Statements of a role's inline policies. */
  statements(role: string): readonly Statement[] {
    const inline = this.one("aws:iam/role:Role", role).inlinePolicies as readonly { policy: string }[];
    return inline.flatMap(({ policy }) => statementsOf(policy));
  }
}

/** Statements of a policy document in the recorder's JSON. */
export function statementsOf(policy: string): readonly Statement[] {
  return (JSON.parse(policy) as { Statement: readonly Statement[] }).Statement;
}
