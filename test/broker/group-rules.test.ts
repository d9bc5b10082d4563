import { expect, test } from "bun:test";
import { defaultGroupRules } from "../../src/broker/group-rules.ts";

test("what clients count on is as in Kafka (GroupCoordinatorConfig)", () => {
  expect(defaultGroupRules).toMatchObject({
    sessionTimeoutMsMin: 6_000,
    sessionTimeoutMsMax: 1_800_000,
    initialRebalanceDelayMs: 3_000,
    offsetMetadataCharactersMax: 4_096,
    offsetsRetentionMs: 10_080 * 60_000,
  });
});
