/** What the first session learned of the server; the spelling of a few fragments depends on it. */
export interface Server {
  flavour: "mysql" | "mariadb";
  /** Compares text by code point, trailing blanks included, as the other engines do. */
  collation: string;
  /** Bytes of one statement at most. */
  maxAllowedPacket: number;
}

export function unknownServer(): Server {
  return { flavour: "mariadb", collation: "utf8mb4_nopad_bin", maxAllowedPacket: 1_048_576 };
}
