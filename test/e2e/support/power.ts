/**
 * The power switch of a file system: everything that it has not made durable is gone, and whoever
 * still uses it gets errors. What is left is what a machine finds after a power cut, once the file
 * system has been unmounted and mounted again.
 *
 * Source: Linux, `EXT4_IOC_SHUTDOWN` and `XFS_IOC_GOINGDOWN`, which are the same number; with
 * `NOLOGFLUSH` not even the journal in memory is written.
 *
 * In the instant of the switch ext4 lies: on Linux 6.18, in one of eight cuts plain `O_DSYNC`
 * writes that were under way were reported as done and then gone, and never one that was reported
 * before. So only what was acknowledged before the call counts as acknowledged.
 */
import { dlopen } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

/** `_IOR('X', 125, __u32)` */
const shutdownRequest = 0x80_04_58_7dn;
const noLogFlush = 2;

/** Cuts the power of the file system that is mounted at `path`. */
export function cutPower(path: string): void {
  const library = dlopen("libc.so.6", {
    ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  });
  const directory = openSync(path, "r");
  try {
    const code = library.symbols.ioctl(directory, shutdownRequest, Uint32Array.of(noLogFlush));
    if (code !== 0) throw new Error(`the file system at ${path} refused to be shut down`);
  } finally {
    closeSync(directory);
    library.close();
  }
}
