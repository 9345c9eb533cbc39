/** What the first session learned of the server; the spelling of a few fragments depends on it. */
export interface Server {
  flavour: "mysql" | "mariadb";
  /** Bytes of one statement at most. */
  maxAllowedPacket: number;
}

export function unknownServer(): Server {
  return { flavour: "mariadb", maxAllowedPacket: 1_048_576 };
}

/**
 * Texts of Runback's tables, stages and models, and literals: by code point. The one such collation that both servers
 * have; two texts of different `…_bin` collations cannot be compared at all, and this one is what others use. It takes
 * trailing blanks for nothing.
 */
export const collation = "utf8mb4_bin";
