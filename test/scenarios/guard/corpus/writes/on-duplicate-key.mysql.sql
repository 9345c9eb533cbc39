INSERT INTO `event_attendance` (`id`, `status_v2`)
VALUES (1, 'dna') AS new
ON DUPLICATE KEY UPDATE /*@*/ `status` = new.status_v2;
