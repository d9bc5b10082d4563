/** What the disk can do at all: synchronous appends, as the log makes them. */
import { constants, closeSync, openSync, writev } from "node:fs";

const { O_APPEND, O_CREAT, O_DSYNC, O_WRONLY } = constants;

/** Appends `totalBytes` in pieces of `pieceBytes`, each synced; answers MB/s. */
export async function appendStream(
  path: string,
  totalBytes: number,
  pieceBytes: number,
): Promise<number> {
  const begun = performance.now();
  await appendAll(path, pieceBytes, Math.ceil(totalBytes / pieceBytes));
  return totalBytes / 1000 / (performance.now() - begun);
}

/** Appends `count` pieces, each synced; answers the time of each in microseconds. */
export function appendOneByOne(path: string, pieceBytes: number, count: number): Promise<number[]> {
  return appendAll(path, pieceBytes, count);
}

async function appendAll(path: string, pieceBytes: number, count: number): Promise<number[]> {
  const file = openSync(path, O_CREAT | O_WRONLY | O_APPEND | O_DSYNC, 0o600);
  const piece = [new Uint8Array(pieceBytes).fill(0x5a)];
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now();
    await new Promise<void>((resolve, reject) => {
      writev(file, piece, (error) => (error ? reject(error) : resolve()));
    });
    times.push((performance.now() - begun) * 1000);
  }
  closeSync(file);
  return times;
}
