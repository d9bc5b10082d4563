/**
 * How the process ends while a database must not be closed. The runtime closes every SQLite
 * database when it exits, also after an uncaught exception, and SQLite then carries the write-ahead
 * log over into the file and removes it. At times that would trust what nobody has synced; a
 * process that is killed instead leaves both files to the recovery of the next start.
 */

/** See the head of this file. */
export interface ExitGuard {
  /** From now on an exit kills the process, until the result is called; keeps `database` alive. */
  hold(database: object): () => void;
}

/** The guard of this process. It is seen from outside as exit by SIGKILL. */
export const processExit: ExitGuard = {
  hold(database) {
    // A database that nobody refers to is closed by the garbage collector.
    held.add(database);
    const kill = (): void => void process.kill(process.pid, "SIGKILL");
    process.on("exit", kill);
    return () => {
      process.off("exit", kill);
      held.delete(database);
    };
  },
};

const held = new Set<object>();
