module.exports = (db, legacy) => {
  let sql = /*@*/ "UPDATE event_attendance SET status_v2 = ?";
  if (legacy) sql += ", status = ?";
  sql += " WHERE id = ?";
  return db.run(sql);
};
