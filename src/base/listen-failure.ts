/** Why a port could not be opened, in words that somebody can act on; for every kind of door. */

/** As far as somebody can act on it. */
export type ListenFailureCode = "taken" | "no such address" | "not permitted" | "failed";

/** A port that could not be opened. The message says what to do. */
export class ListenFailure {
  constructor(
    readonly code: ListenFailureCode,
    readonly message: string,
  ) {}

  /** What the runtime's error means. @param name the protocol's */
  static of(error: unknown, name: string, port: number, hostname: string): ListenFailure {
    const where = `${name} port ${port} on ${hostname}`;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    switch (code) {
      case "EADDRINUSE":
        return new ListenFailure(
          "taken",
          `${where} is taken: stop the other program, or another broker, or choose a free port`,
        );
      case "EADDRNOTAVAIL":
        return new ListenFailure("no such address", `${where}: this machine has no such address`);
      case "EACCES":
        return new ListenFailure(
          "not permitted",
          `${where}: the system reserves this port; choose one above 1023, or grant the right`,
        );
      default:
        return new ListenFailure("failed", `${where}: ${String(error)}`);
    }
  }
}
