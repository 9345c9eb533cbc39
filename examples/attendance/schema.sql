-- The tables of an application before it has attendance, on MariaDB or MySQL.
CREATE TABLE events (
  event_id INT AUTO_INCREMENT PRIMARY KEY,
  uid VARCHAR(64) NOT NULL UNIQUE,
  title VARCHAR(200) NOT NULL,
  start_datetime DATETIME NOT NULL,
  end_datetime DATETIME NOT NULL,
  status ENUM('draft','published','ongoing','completed','cancelled','archived','postponed') NOT NULL DEFAULT 'draft',
  attendance_checkin_window_mins INT NULL,
  attendance_grace_mins INT NULL
) ENGINE = InnoDB;

CREATE TABLE event_participants (
  participant_id INT AUTO_INCREMENT PRIMARY KEY,
  event_id INT NOT NULL,
  user_id INT NOT NULL,
  status ENUM('registered','waitlisted','attended','cancelled','no_show') NOT NULL DEFAULT 'registered',
  UNIQUE KEY one_place_each (event_id, user_id),
  FOREIGN KEY (event_id) REFERENCES events (event_id)
) ENGINE = InnoDB;

INSERT INTO events (event_id, uid, title, start_datetime, end_datetime, status) VALUES
  (1, 'evt-regatta', 'Regatta', '2026-01-10 10:00:00', '2026-01-10 12:00:00', 'published'),
  (2, 'evt-dinner', 'Dinner', '2126-01-10 18:00:00', '2126-01-10 22:00:00', 'draft');

INSERT INTO event_participants (event_id, user_id, status) VALUES
  (1, 11, 'registered'), (1, 12, 'registered'), (1, 13, 'registered'), (1, 14, 'waitlisted'), (1, 15, 'cancelled'),
  (2, 11, 'registered'), (2, 16, 'registered');
