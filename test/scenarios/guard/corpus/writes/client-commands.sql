\copy event_attendance (id, /*@*/ status) from 'rows.csv' csv
LOAD DATA INFILE 'rows.csv' INTO TABLE event_attendance (id, /*@*/ status);
