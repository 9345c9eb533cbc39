COPY public.event_attendance (id, member_id, /*@*/ status) FROM stdin;
1	2	reg
2	2	UPDATE me; SET status = 'x'
\.

SELECT count(*) FROM event_attendance;
