export const add = (prisma: PrismaClient, id: number) =>
  prisma.member.update({
    where: { id },
    data: { eventAttendances: { create: [{ eventId: 1, /*@*/ status: "reg" }] } },
  });
