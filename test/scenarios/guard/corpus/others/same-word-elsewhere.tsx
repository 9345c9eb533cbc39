import { useState } from "react";

// Nothing here writes event_attendance.
export function Badge({ attendance }: { attendance: { status: string } }) {
  const [state, setState] = useState({ status: attendance.status });
  const update = () => setState({ ...state, status: "shown" });
  return <button onClick={update} title="update event_attendance set status">{state.status}</button>;
}
