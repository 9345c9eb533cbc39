module.exports = (pool, id) => pool.query(/*@*/ "UPDATE event_attendance SET status = $1, updated_at = now() WHERE id = $2", ["dna", id]);
