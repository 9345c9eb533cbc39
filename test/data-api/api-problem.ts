/** An error as the service answers it: HTTP status, `x-amzn-errortype`, and a message. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly type: string;
  readonly status: number;

  constructor(type: string, message: string, status = 400) {
    super(message);
    this.type = type;
    this.status = status;
  }
}

/** As the service words an error of the database. */
export function databaseProblem(error: unknown): ApiProblem {
  const { message, code, detail, position } = error as {
    message: string;
    code?: string;
    detail?: string;
    position?: string;
  };
  if (code === undefined) throw error;
  const more = `${detail ? `\n  Detail: ${detail}` : ""}${position ? `; Position: ${position}` : ""}`;
  return new ApiProblem("DatabaseErrorException", `ERROR: ${message}${more}; SQLState: ${code}`);
}
