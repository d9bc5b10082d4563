import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { refusingLog } from "../../src/broker/refusing-log.ts";

const refusal = new Refusal("KAFKA_STORAGE_ERROR", "its directory is missing");

test("whatever would give or take records is refused with the reason", async () => {
  const log = refusingLog(refusal);
  const answers = [
    log.append(new Uint8Array(61)),
    await log.read(offset(0), 1000),
    await log.offsetForTime(0),
    await log.trim(offset(0)),
  ];
  expect(answers).toEqual([refusal, refusal, refusal, refusal]);
});

test("it looks empty, has nothing to flush or remove, and nothing is ever new", async () => {
  const log = refusingLog(refusal);
  expect([log.startOffset, log.visibleOffset, log.endOffset, log.sizeBytes]).toEqual(
    [0, 0, 0, 0].map((zero) => offset(zero)),
  );
  const unreachable = (): void => expect.unreachable();
  log.follow({ visible: unreachable, rolledBack: unreachable });
  expect(await log.flush()).toBeNull();
  expect(await log.delete()).toBeNull();
  await log.close();
});
