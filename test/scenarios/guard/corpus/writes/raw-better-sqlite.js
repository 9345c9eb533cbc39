const insert = db.prepare(`
  INSERT OR REPLACE INTO event_attendance (id, member_id, /*@*/ status)
  VALUES (@id, @memberId, @status)
`);
