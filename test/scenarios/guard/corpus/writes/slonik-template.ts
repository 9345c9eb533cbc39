export const put = (connection: DatabasePool, id: number) =>
  connection.query(sql.unsafe`
    INSERT INTO public.event_attendance AS ea (id, status_v2)
    VALUES (${id}, 'walkin')
    ON CONFLICT (id) DO UPDATE
      SET status_v2 = EXCLUDED.status_v2,
          /*@*/ status = EXCLUDED.status_v2
  `);
