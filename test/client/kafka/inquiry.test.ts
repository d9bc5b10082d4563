import { expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { Inquiry } from "../../../src/client/kafka/inquiry.ts";
import { ManualClock } from "../../fake/clock.ts";
import { turns } from "../../support/until.ts";

/** A question whose answers a test gives. */
class World {
  readonly clock = new ManualClock();
  readonly told: (string | null)[] = [];
  readonly asked: PromiseWithResolvers<number>[] = [];
  readonly inquiry = new Inquiry<number>({
    ask: () => {
      const answer = Promise.withResolvers<number>();
      this.asked.push(answer);
      return answer.promise;
    },
    told: (error) => this.told.push(error?.code ?? null),
    clock: this.clock,
    random: { next: () => 0.5, below: () => 0, uuid: () => "" },
    backoff: { firstMs: 100, longestMs: 300 },
  });
}

test("is asked once at a time, and not at once again", async () => {
  const { inquiry, asked, told, clock } = new World();
  inquiry.ask();
  inquiry.ask();
  expect(asked.length).toBe(1);
  asked[0]?.resolve(5);
  await turns(1);
  expect(inquiry.answer).toBe(5);
  expect(told).toEqual([null]);
  inquiry.ask();
  expect(asked.length).toBe(1);
  clock.advance(100);
  inquiry.ask();
  expect(asked.length).toBe(2);
  // Until there is a newer one.
  expect(inquiry.answer).toBe(5);
});

test("pauses longer with each failure, and tells an error that stays", async () => {
  const { inquiry, asked, told, clock } = new World();
  for (const [index, pauseMs] of [100, 200, 300, 300].entries()) {
    inquiry.ask();
    asked[index]?.reject(new ClientError("NETWORK", "gone"));
    await turns(1);
    expect(inquiry.resumesAt - clock.monotonic()).toBe(pauseMs);
    expect(inquiry.trouble?.code).toBe("NETWORK");
    clock.advance(pauseMs);
  }
  inquiry.ask();
  asked[4]?.reject(new ClientError("INVALID", "no"));
  await turns(1);
  expect(told).toEqual([null, null, null, null, "INVALID"]);
});
