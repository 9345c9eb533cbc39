module.exports = (connection, values) =>
  connection.execute(
    [
      "INSERT INTO event_attendance (id, /*@*/ status)",
      "VALUES (?, ?)",
      "ON DUPLICATE KEY UPDATE updated_at = NOW()",
    ].join("\n"),
    values,
  );
