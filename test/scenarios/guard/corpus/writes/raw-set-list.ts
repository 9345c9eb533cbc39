export function update(db: Db, change: { code?: string }) {
  const sets = ["updated_at = now()"];
  if (change.code) sets.push("status = ?");
  return db.query(/*@*/ `UPDATE event_attendance SET ${sets.join(", ")} WHERE id = ?`, [change.code]);
}
