import { expect, test } from "bun:test";
import { Gate } from "../../src/net/gate.ts";
import { ManualClock } from "../fake/clock.ts";

function newGate(clock = new ManualClock()): Gate {
  const limits = { connectionsMax: 4, connectionsPerAddressMax: 2, connectionsPerSecondMax: 10 };
  return new Gate(limits, clock);
}

test("one address gets so many connections, another one its own", () => {
  const gate = newGate();
  expect(gate.enter("a")).toBeNull();
  expect(gate.enter("a")).toBeNull();
  expect(gate.enter("a")).toBe("address");
  expect(gate.enter("b")).toBeNull();
  expect(gate.open).toBe(3);
});

test("all addresses together get so many", () => {
  const gate = newGate();
  for (const address of ["a", "b", "c", "d"]) gate.enter(address);
  expect(gate.enter("e")).toBe("total");
});

test("whoever leaves makes room, for its address and for all", () => {
  const gate = newGate();
  for (const address of ["a", "a", "b", "c"]) gate.enter(address);
  gate.leave("a");
  expect(gate.enter("a")).toBeNull();
  expect(gate.enter("d")).toBe("total");
});

test("new ones are counted by the second: a burst passes, then they come as time does", () => {
  const clock = new ManualClock();
  const gate = newGate(clock);
  let count = 0;
  const enterAndLeave = (): string | null => {
    const address = `a${(count += 1)}`;
    const refusal = gate.enter(address);
    if (refusal === null) gate.leave(address);
    return refusal;
  };
  while (count < 10) expect(enterAndLeave()).toBeNull();
  expect(enterAndLeave()).toBe("rate");
  clock.advance(99);
  expect(enterAndLeave()).toBe("rate");
  clock.advance(1);
  expect(enterAndLeave()).toBeNull();
  expect(enterAndLeave()).toBe("rate");
});

test("a long silence earns no more than one second's worth", () => {
  const clock = new ManualClock();
  const gate = newGate(clock);
  clock.advance(3_600_000);
  let entered = 0;
  while (gate.enter(`a${entered}`) === null) {
    gate.leave(`a${entered}`);
    entered += 1;
  }
  expect(entered).toBe(10);
});

test("an address that opens and closes without end gets half of a second's, and others theirs", () => {
  const clock = new ManualClock();
  const gate = newGate(clock);
  for (let second = 0; second < 10; second++) {
    let entered = 0;
    while (gate.enter("a") === null) {
      entered += 1;
      gate.leave("a");
    }
    expect(entered).toBe(5);
    expect(gate.enter("a")).toBe("rate");
    expect(gate.enter("b")).toBeNull();
    gate.leave("b");
    clock.advance(1000);
  }
});

test("a refused connection takes nothing from those that come later", () => {
  const clock = new ManualClock();
  const gate = newGate(clock);
  gate.enter("a");
  gate.enter("a");
  for (let count = 0; count < 100; count++) expect(gate.enter("a")).toBe("address");
  expect(gate.enter("b")).toBeNull();
});

test("leaving without having entered is a programmer's error", () => {
  expect(() => newGate().leave("a")).toThrow("only who entered may leave");
});
