export async function complete(prisma: PrismaClient, id: number) {
  await prisma.event.update({ where: { id }, data: { status: "completed" }, include: { eventAttendances: true } });
  return prisma.eventAttendance.count({ where: { status: "reg" } });
}
