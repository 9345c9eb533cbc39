export class Repair1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    await queryRunner.query("UPDATE `event_attendance` ea INNER JOIN `events` e ON e.id = ea.event_id SET /*@*/ ea.`status` = 'absent' WHERE e.status = 'completed'");
  }
}
