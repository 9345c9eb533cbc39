/** What Runback keeps beside the tables of users, and puts on them, begins so: it is in no snapshot. */
export const ofUsers = (column: string) => `LEFT(${column}, 8) <> 'runback_'`;
