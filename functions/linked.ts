import { Resource } from "sst/resource";

/** What `infra/` links to the functions, by name. Reading one that a function is not linked to throws and names it. */
interface Linked {
  readonly DatabaseUrl: { readonly value: string };
  readonly AdminToken: { readonly value: string };
  /** Only the function that delivers alerts. */
  readonly AlertReceivers: { readonly value: string };
  /** Only the API starts runs. */
  readonly Runs: { readonly name: string; readonly qualifier: string };
}

export const linked = Resource as unknown as Linked;
