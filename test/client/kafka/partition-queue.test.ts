import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { type DeliveryError } from "../../../src/client/kafka/producer.ts";
import { turns } from "../../support/until.ts";
import { pauseMs, ProducerWorld } from "./producer-world.ts";

describe("a numbered batch", () => {
  test("asks for an id once, and goes alone until the first one is stored", async () => {
    await using world = await ProducerWorld.open();
    await world.sendApart("a", "b", "c");
    expect(world.inFlight).toEqual(["a"]);
    expect(world.numbers).toEqual(["1000/0: 0"]);
    world.held(0).answer();
    await turns(2);
    expect(world.inFlight).toEqual(["b c"]);
    await world.sendApart("d", "e");
    expect(world.numbers).toEqual(["1000/0: 1", "1000/0: 3", "1000/0: 4"]);
    await world.settle();
    expect(world.cluster.identities).toBe(1);
  });

  test("keeps its numbers and its order when the connection breaks", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    await world.sendApart("a", "b", "c");
    world.cut();
    world.send("d");
    await world.pass(pauseMs);
    // One by one until all are through that have failed.
    expect(world.inFlight).toEqual(["a"]);
    expect(world.numbers).toEqual(["1000/0: 1"]);
    await world.settle();
    expect(world.stored).toBe("first a b c d");
    expect(world.outcomes).toEqual(["first@0", "a@1", "b@2", "c@3", "d@4"]);
  });

  test("whose answer was lost is stored once, and has the offset that it got first", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    await world.sendApart("a", "b");
    world.held(0).store();
    world.held(1).store();
    world.cut();
    await world.pass(pauseMs);
    await world.settle();
    expect(world.stored).toBe("first a b");
    expect(world.outcomes).toEqual(["first@0", "a@1", "b@2"]);
  });

  test("that a broker calls a duplicate is delivered, at an offset that is not told", async () => {
    await using world = await ProducerWorld.open();
    world.send("a");
    await turns(2);
    world.held(0).refuse("DUPLICATE_SEQUENCE_NUMBER");
    await turns(2);
    expect(world.outcomes).toEqual(["a@-1"]);
  });

  test("waits for the one before it that a broker could not take", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    await world.sendApart("a", "b", "c");
    world.held(0).refuse("NOT_ENOUGH_REPLICAS");
    world.held(0).answer();
    world.held(0).answer();
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1000/0: 1"]);
    await world.settle();
    expect(world.stored).toBe("first a b c");
    expect(world.outcomes).toEqual(["first@0", "a@1", "b@2", "c@3"]);
  });

  test("that is refused for good leaves no gap: what follows begins the next epoch", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    await world.sendApart("a", "b", "c");
    world.held(0).refuse("INVALID_RECORD");
    await turns(2);
    // Two of the old numbers are still under way.
    expect(world.numbers).toEqual(["1000/0: 2", "1000/0: 3"]);
    world.held(0).answer();
    world.held(0).answer();
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1000/1: 0"]);
    expect(world.inFlight).toEqual(["b"]);
    await world.settle();
    expect(world.stored).toBe("first b c");
    expect(world.outcomes).toEqual(["first@0", "a INVALID_RECORD", "b@1", "c@2"]);
  });

  test("is not renumbered while one before it may be stored under its old numbers", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    await world.sendApart("a", "b", "c");
    world.held(0).refuse("NOT_ENOUGH_REPLICAS");
    // Before the broker looks at its numbers.
    world.held(0).refuse("INVALID_RECORD");
    world.held(0).answer();
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1000/0: 1"]);
    world.held(0).store();
    world.cut();
    await world.pass(2 * pauseMs);
    expect(world.numbers).toEqual(["1000/0: 1"]);
    await world.settle();
    expect(world.stored).toBe("first a c");
    expect(world.outcomes).toEqual(["first@0", "b INVALID_RECORD", "a@1", "c@2"]);
  });

  test("is followed by no more than a broker remembers until its own end is known", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    await world.sendApart("a", "b", "c");
    world.held(0).store();
    world.held(0).refuse("NOT_ENOUGH_REPLICAS");
    for (const held of [...world.cluster.held]) held.answer();
    await world.pass(pauseMs);
    await world.sendApart("d", "e", "f", "g");
    expect(world.inFlight).toEqual(["a", "d", "e"]);
    for (const held of world.cluster.held.slice(1)) held.answer();
    await turns(2);
    expect(world.inFlight).toEqual(["a"]);
    await world.settle();
    expect(world.stored).toBe("first a b c d e f g");
  });

  test("begins the next epoch where the broker has forgotten what came before", async () => {
    for (const error of ["UNKNOWN_PRODUCER_ID", "OUT_OF_ORDER_SEQUENCE_NUMBER"] as const) {
      await using world = await ProducerWorld.open();
      await world.prove();
      await world.sendApart("a", "b");
      world.held(0).refuse(error);
      world.held(0).refuse(error);
      await world.pass(pauseMs);
      expect(world.numbers).toEqual(["1000/1: 0"]);
      await world.settle();
      expect(world.stored).toBe("first a b");
    }
  });

  test("begins the next epoch where a newer one has been", async () => {
    await using world = await ProducerWorld.open();
    await world.prove();
    world.send("a");
    await turns(2);
    world.held(0).refuse("INVALID_PRODUCER_EPOCH");
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1000/1: 0"]);
  });

  test("takes another id when the last epoch is used up", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.firstEpoch = 32_767;
    await world.prove();
    await world.sendApart("a", "b");
    world.held(0).refuse("INVALID_RECORD");
    world.cluster.firstEpoch = 0;
    await turns(2);
    world.held(0).answer();
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1001/0: 0"]);
    await world.settle();
    expect(world.stored).toBe("first b");
    expect(world.cluster.identities).toBe(2);
  });

  test("waits for an id, and says what is wrong if it can't have one", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.identityErrors.push("COORDINATOR_LOAD_IN_PROGRESS");
    world.send("a");
    await turns(2);
    expect(world.cluster.held).toEqual([]);
    await world.pass(pauseMs);
    expect(world.inFlight).toEqual(["a"]);

    await using other = await ProducerWorld.open();
    other.cluster.identityErrors.push("CLUSTER_AUTHORIZATION_FAILED");
    other.send("a");
    await turns(2);
    expect(other.outcomes).toEqual(["a CLUSTER_AUTHORIZATION_FAILED"]);
  });
});

describe("a batch whose time is over", () => {
  test("is told so, with what went wrong last", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 1000 });
    const sent = world.producer.send({ topic: "orders", partition: 0, value: "a" });
    const said = sent.catch((error: DeliveryError) => `${error.message} ${error.mayBeStored}`);
    await turns(2);
    world.held(0).lose();
    await world.pass(1000);
    expect(await said).toBe(
      "record for orders/0: not delivered within 1000 ms: the connection broke true",
    );
  });

  test("and that never had a connection is not stored", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 1000 });
    world.cluster.connects = false;
    const sent = world.producer.send({ topic: "orders", value: "a" });
    const told = sent.catch((error: DeliveryError) => error);
    await turns(2);
    world.held(0).lose();
    await world.pass(pauseMs);
    world.send("b");
    // The one waits for a connection, the other for the one; or for the next attempt.
    expect(world.inFlight).toEqual(["a"]);
    await world.pass(1000);
    expect(await told).toMatchObject({
      message: "record for orders/0: not sent within 1000 ms: the connection broke",
      mayBeStored: false,
    });
    expect(world.outcomes).toEqual(["b TIMED_OUT"]);
  });

  test("is not sent any more when there is a connection at last, and others are", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 1000 });
    world.cluster.leaders.set("orders", [1, 1]);
    world.cluster.connects = false;
    world.sendTo(0, "a");
    await world.pass(500);
    world.held(0).lose();
    world.sendTo(1, "b");
    await world.pass(pauseMs);
    expect(world.inFlight).toEqual(["b", "a"]);
    await world.pass(300);
    expect(world.outcomes).toEqual(["a TIMED_OUT"]);
    world.cluster.connects = true;
    for (const held of [...world.cluster.held]) held.connect();
    await world.settle();
    expect(world.outcomes).toEqual(["a TIMED_OUT", "b@0"]);
    expect(world.stored).toBe("");
  });

  test("may be stored; if it is, what follows goes on with its numbers", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 1000 });
    await world.prove();
    await world.sendApart("a");
    await world.pass(500);
    await world.sendApart("b");
    await world.pass(500);
    expect(world.outcomes).toEqual(["first@0", "a TIMED_OUT?"]);
    world.send("c");
    await turns(2);
    world.held(0).store();
    world.cut();
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1000/0: 2"]);
    await world.settle();
    expect(world.stored).toBe("first a b c");
    expect(world.outcomes.slice(2)).toEqual(["b@2", "c@3"]);
  });

  test("may not be stored: then what follows begins the next epoch", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 2000 });
    await world.prove();
    await world.sendApart("a");
    await world.pass(1000);
    await world.sendApart("b");
    await world.pass(1000);
    world.cut();
    await world.pass(pauseMs);
    expect(world.numbers).toEqual(["1000/0: 2"]);
    world.held(0).answer();
    await world.pass(2 * pauseMs);
    expect(world.numbers).toEqual(["1000/1: 0"]);
    await world.settle();
    expect(world.stored).toBe("first b");
  });

  test("was the last one: what comes next begins the next epoch", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 1000 });
    await world.prove();
    await world.sendApart("a");
    await world.pass(1000);
    world.held(0).timeOut();
    world.send("b");
    await turns(2);
    expect(world.numbers).toEqual(["1000/1: 0"]);
    await world.settle();
    expect(world.stored).toBe("first b");
  });

  test("had not gone yet: it is not stored, and leaves no trace", async () => {
    await using world = await ProducerWorld.open({ deliveryTimeoutMs: 1000 });
    world.cluster.topicError = new ClientError("NETWORK", "nobody there");
    world.send("a");
    await world.pass(1000);
    expect(world.outcomes).toEqual(["a TIMED_OUT"]);
    world.cluster.topicError = null;
    world.send("b");
    await world.pass(1000);
    expect(world.numbers).toEqual(["1000/0: 0"]);
  });
});

describe("a batch that is too large", () => {
  test("goes in halves, until they fit, with the same numbers", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.partition("orders").bytesMax = 200;
    const values = ["a", "b", "c", "d", "e", "f"].map((letter) => letter.repeat(50));
    world.send(...values);
    await turns(2);
    world.send("g");
    await world.settle();
    expect(world.stored).toBe([...values, "g"].join(" "));
    expect(world.outcomes.map((outcome) => outcome.replace(/^.*@/, ""))).toEqual([
      "0",
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
    ]);
    const producer = world.cluster.partition("orders").producers.get(1000);
    expect(producer?.producerEpoch).toBe(0);
  });

  test("is refused if it is of one record, and the others go", async () => {
    await using world = await ProducerWorld.open();
    world.cluster.partition("orders").bytesMax = 200;
    const large = "x".repeat(500);
    world.send("a", large, "b");
    await world.settle();
    expect(world.stored).toBe("a b");
    expect(world.outcomes.sort()).toEqual(["a@0", "b@1", `${large} MESSAGE_TOO_LARGE`]);
  });
});

describe("without numbers", () => {
  test("acks 1 says so to the broker, and asks for no id", async () => {
    await using world = await ProducerWorld.open({ acks: 1 });
    await world.sendApart("a", "b");
    expect(world.numbers).toEqual(["-1/-1: -1", "-1/-1: -1"]);
    expect(world.held(0).request.acks).toBe(1);
    expect(world.cluster.identities).toBe(0);
  });

  test("acks 0 is delivered when it is written, at an offset that nobody knows", async () => {
    await using world = await ProducerWorld.open({ acks: 0 });
    world.send("a");
    await turns(2);
    expect(world.held(0).request.acks).toBe(0);
    expect(world.held(0).options.noReply).toBe(true);
    world.held(0).answer();
    await turns(2);
    expect(world.outcomes).toEqual(["a@-1"]);
  });

  test("one request in flight keeps the order over failures", async () => {
    await using world = await ProducerWorld.open({ idempotent: false, maxInFlight: 1 });
    await world.sendApart("a", "b", "c");
    world.cut();
    await world.settle();
    expect(world.stored).toBe("a b c");
  });
});
