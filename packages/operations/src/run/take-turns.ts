export interface Turns {
  /** Waits for the turn; call what it returns to end it. */
  begin(): Promise<() => void>;
}

/** One at a time, in the order they asked. */
export function takeTurns(): Turns {
  let last = Promise.resolve();
  return {
    begin: async () => {
      const before = last;
      let end = () => {};
      last = new Promise((resolve) => {
        end = resolve;
      });
      await before;
      return end;
    },
  };
}
