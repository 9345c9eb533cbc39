module.exports = (pool) => pool.query("UPDATE event_attendance SET status_v2 = 'dna' WHERE status = 'absent'");
