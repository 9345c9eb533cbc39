const { eventAttendance } = require("../definitions/schema.ts");

exports.markPresent = (db, id) => db.update(eventAttendance).set({ /*@*/ status: "present" });
