import { Column, Entity, PrimaryGeneratedColumn } from "typeorm";

@Entity("event_attendance")
export class EventAttendance {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ name: "status", type: "varchar" })
  status!: string;

  @Column({ name: "status_v2", type: "varchar", nullable: true })
  statusV2!: string | null;
}

@Entity("events")
export class EventRow {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column()
  status!: string;
}
