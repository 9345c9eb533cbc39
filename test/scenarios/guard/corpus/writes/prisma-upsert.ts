export const put = (tx: Prisma.TransactionClient, id: number) =>
  tx.eventAttendance.upsert({
    where: { id },
    create: { id, statusV2: "walkin" },
    update: { /*@*/ status: { set: "walkin" } },
  });
