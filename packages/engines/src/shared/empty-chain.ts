/** What the first link of an audit chain continues. */
export const emptyChain = "0".repeat(64);
