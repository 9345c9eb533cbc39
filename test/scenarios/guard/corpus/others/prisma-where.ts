export const markAbsent = (prisma: PrismaClient) =>
  prisma.eventAttendance.updateMany({ where: { status: { in: ["reg"] } }, data: { statusV2: "dna" } });
