export const all = (prisma: PrismaClient) =>
  prisma.$executeRaw`UPDATE event_attendance SET /*@*/ status = ${"dna"} WHERE status_v2 = 'dna'`;
