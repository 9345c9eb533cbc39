module.exports = (pool) => pool.query("SELECT status, COUNT(*) FROM event_attendance WHERE status <> 'x' GROUP BY status");
