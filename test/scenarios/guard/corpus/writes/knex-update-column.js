module.exports = (db, id) => db("event_attendance").where("id", id).update(/*@*/ "status", "attended");
