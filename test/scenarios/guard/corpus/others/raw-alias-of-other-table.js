module.exports = (pool) =>
  pool.query(`UPDATE event_attendance ea JOIN events e ON e.id = ea.event_id SET e.status = 'completed', ea.status_v2 = 'dna'`);
