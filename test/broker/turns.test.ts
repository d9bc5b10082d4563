import { expect, test } from "bun:test";
import { Turns } from "../../src/broker/turns.ts";

/** Work that is logged, and ends when it is told to. */
function scripted(log: string[]): (name: string) => { work: () => Promise<string>; end(): void } {
  return (name) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const work = async (): Promise<string> => {
      log.push(`${name} begins`);
      await promise;
      log.push(`${name} ends`);
      return name;
    };
    return { work, end: resolve };
  };
}

test("work of one key goes one after another, that of others beside it", async () => {
  const log: string[] = [];
  const [first, second, other] = ["first", "second", "other"].map(scripted(log));
  const turns = new Turns();
  const results = [
    turns.take("a", first!.work),
    turns.take("a", second!.work),
    turns.take("b", other!.work),
  ];
  expect(log).toEqual(["first begins", "other begins"]);
  second!.end();
  other!.end();
  first!.end();
  expect(await Promise.all(results)).toEqual(["first", "second", "other"]);
  expect(log.indexOf("second begins")).toBeGreaterThan(log.indexOf("first ends"));
});

test("idle waits for all work, that which is asked for meanwhile included", async () => {
  const log: string[] = [];
  const [first, second] = ["first", "second"].map(scripted(log));
  const turns = new Turns();
  void turns.take("a", first!.work).then(() => {
    void turns.take("a", second!.work);
    second!.end();
  });
  first!.end();
  await turns.idle();
  expect(log.at(-1)).toBe("second ends");
});

test("without work it is idle at once", async () => {
  await new Turns().idle();
});
