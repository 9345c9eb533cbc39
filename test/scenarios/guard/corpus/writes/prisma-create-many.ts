export const add = (prisma: PrismaClient, ids: number[]) =>
  prisma.eventAttendance.createMany({
    data: ids.map((memberId) => ({ memberId, /*@*/ status: "reg" })),
    skipDuplicates: true,
  });
