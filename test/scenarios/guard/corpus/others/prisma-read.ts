export const present = (prisma: PrismaClient) =>
  prisma.eventAttendance.findMany({ where: { status: "present" }, select: { status: true }, orderBy: { status: "asc" } });
