module.exports = (pool) =>
  pool.query(`UPDATE events SET status = 'completed' WHERE id IN (SELECT event_id FROM event_attendance WHERE status = $1)`, ["reg"]);
