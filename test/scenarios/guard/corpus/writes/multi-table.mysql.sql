UPDATE event_attendance AS ea, events AS e
SET /*@*/ ea.status = 'absent', e.updated_at = NOW()
WHERE ea.event_id = e.id AND e.status = 'completed';
