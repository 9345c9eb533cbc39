const { eventAttendance } = prisma;
export const add = () => eventAttendance.create({ data: { /*@*/ status: "reg" } });
