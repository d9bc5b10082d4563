/**
 * The numbers that idempotent producers give their records, one after another in each partition:
 * from 0 on, and after 2^31 - 1 from 0 again (KIP-98). Producers and brokers count alike.
 */
const sequenceMax = 0x7fff_ffff;

/** The sequence number `count` after `sequence`. */
export const sequenceAfter = (sequence: number, count: number): number =>
  sequence + count > sequenceMax ? sequence + count - sequenceMax - 1 : sequence + count;

/** Whether a batch that begins at `sequence` comes after one that begins at `other`. */
export const isAfter = (sequence: number, other: number): boolean => {
  const ahead = sequence - other;
  const wrapped = ahead < 0 ? ahead + sequenceMax + 1 : ahead;
  return wrapped !== 0 && wrapped <= sequenceMax / 2;
};
