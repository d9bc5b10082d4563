/**
 * Whose a topic's directory is: the file `topic-id` in it holds the topic's id and a line feed. It
 * is written durably before anything is stored in the topic and never changes, so that metadata
 * which is an older copy is not taken at its word about a topic that was made since.
 */
import { Refusal } from "../base/refusal.ts";
import { DiskError, type Disk } from "../disk/disk.ts";
import { topicsDirectory } from "../log/layout.ts";

/** No partition has this name: those are numbers. */
const identityPath = (name: string): string => `${topicsDirectory}/${name}/topic-id`;

const wellFormed = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;
const identityBytes = 37;

/**
 * The id in the directory of the topic `name`; `null` if no file says it, as in a directory whose
 * creation broke off or that was put there by hand. KAFKA_STORAGE_ERROR if it cannot be told.
 */
export async function readIdentity(disk: Disk, name: string): Promise<string | null | Refusal> {
  const path = identityPath(name);
  try {
    const file = await disk.open(path, "read");
    try {
      // One byte more than there should be, so that a longer file is noticed and never read whole.
      const bytes = new Uint8Array(identityBytes + 1);
      const count = await file.read(0, bytes);
      const text = new TextDecoder("latin1").decode(bytes.subarray(0, count));
      if (wellFormed.test(text)) return text.slice(0, -1);
      return new Refusal("KAFKA_STORAGE_ERROR", `${path} is damaged: it holds no topic's id`);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return error.kind === "missing" ? null : new Refusal("KAFKA_STORAGE_ERROR", error.message);
  }
}

/** Writes the id durably. The topic's directory exists. @throws DiskError */
export async function writeIdentity(disk: Disk, name: string, id: string): Promise<void> {
  await disk.writeWhole(identityPath(name), new TextEncoder().encode(`${id}\n`));
}
