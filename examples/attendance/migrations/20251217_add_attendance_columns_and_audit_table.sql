-- Made from the definition of the attendance migration, for MariaDB, whose DDL knows IF NOT EXISTS. Run any number of times.
-- It looks at names only: what is there in another type, `runback attendance migrate --dry-run` tells.

ALTER TABLE `event_participants` ADD COLUMN IF NOT EXISTS `attendance_status` enum('unknown','present','late','absent') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
ALTER TABLE `event_participants` ADD COLUMN IF NOT EXISTS `attendance_marked_at` datetime(6) NULL;
ALTER TABLE `event_participants` ADD COLUMN IF NOT EXISTS `attendance_marked_by` int NULL;
ALTER TABLE `event_participants` ADD COLUMN IF NOT EXISTS `attendance_notes` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL;
ALTER TABLE `event_participants` ADD COLUMN IF NOT EXISTS `attendance_updated_at` datetime(6) NULL;
ALTER TABLE `event_participants` ALTER COLUMN `attendance_status` SET DEFAULT 'unknown';
CREATE INDEX IF NOT EXISTS `idx_participants_event_attendance` ON `event_participants` (`event_id`, `attendance_status`);
CREATE TABLE IF NOT EXISTS `event_attendance_audit` (`id` bigint AUTO_INCREMENT NOT NULL, `event_id` int NOT NULL, `participant_id` int NOT NULL, `user_id` int NULL, `marked_by` int NULL, `action` enum('check_in','correction','mark_absent','finalize_attended') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, `previous_status` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, `new_status` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, `reason` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, `dedupe_key` varchar(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, `performed_at` datetime(6) NOT NULL DEFAULT (utc_timestamp(6)), PRIMARY KEY (`id`), UNIQUE INDEX `dedupe_key` (`dedupe_key`)) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE INDEX IF NOT EXISTS `idx_event_attendance_audit_event` ON `event_attendance_audit` (`event_id`, `performed_at`, `id`);
