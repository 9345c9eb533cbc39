export async function change(prisma, id, status) {
  const data = { updatedAt: new Date() };
  Object.assign(data, { /*@*/ status });
  return prisma.eventAttendance.updateMany({ where: { id }, data });
}
