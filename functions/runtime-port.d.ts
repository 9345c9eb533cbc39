/** What the functions ask of the runtime. */
declare module "@runback/runtime" {
  export interface Runtime {
    fetch(request: Request): Promise<Response>;
    readonly jobs: {
      verifyAudit(): Promise<unknown>;
      sweepRetention(): Promise<unknown>;
    };
    advanceRun(run: { runId: string; budgetMs: number }): Promise<{ done: boolean; state: string }>;
  }

  export interface Host {
    /** Hands a run to a host that outlives the request; absent, the process itself carries the run. */
    startRun?(run: { readonly runId: string; readonly attempt: number }): Promise<void>;
  }

  /** Memoised: one runtime a process. */
  export function openRuntime(host?: Host): Promise<Runtime>;
}
