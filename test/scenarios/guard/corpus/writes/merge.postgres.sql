MERGE INTO event_attendance AS ea
USING incoming AS i ON i.id = ea.id
WHEN MATCHED THEN UPDATE SET /*@*/ status = i.status
WHEN NOT MATCHED THEN INSERT (id, status_v2) VALUES (i.id, i.code);
