/*@*/ INSERT INTO event_attendance VALUES (1, 2, 3, 'reg', NULL, 'prereg', NULL, '2026-01-01', '2026-01-01');
