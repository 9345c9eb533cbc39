/** Engines that read the same SQL. */
export type Family = "postgres" | "mysql" | "sqlite";

export function familyOf(name: string): Family {
  return name === "mysql" || name === "sqlite" ? name : "postgres";
}
