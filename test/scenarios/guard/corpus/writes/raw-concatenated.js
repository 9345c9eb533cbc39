const sql =
  "INSERT INTO event_attendance " +
  "(member_id, event_id, /*@*/ status) " +
  "VALUES (?, ?, ?)";
module.exports = (connection, values) => connection.execute(sql, values);
