export async function send(eventAttendance: { id: number; status: string }) {
  const body = { id: eventAttendance.id, status: "present" };
  await fetch("/event_attendance/update", { method: "POST", body: JSON.stringify(body) });
  const map = new Map<string, object>();
  map.set("event_attendance", { status: 200 });
  return { status: 200 };
}
