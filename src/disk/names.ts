/** Names in a data directory that more than one process looks for. */

/** The metadata: where it is, there is a broker's data. */
export const metadataFileName = "obelisk.db";
/** The Unix socket of the broker that owns the directory, for commands of this machine. */
export const controlSocketName = "control.sock";
