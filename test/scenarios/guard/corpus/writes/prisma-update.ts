export async function markPresent(prisma: PrismaClient, id: number) {
  await prisma.eventAttendance.update({ where: { id }, data: { /*@*/ status: "present" } });
}
