import { expect, test } from "bun:test";
import { Slots } from "../../src/broker/slots.ts";

/** Work that has begun when its name is in `begun`, and ends when the test says so. */
class Works {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (how: "well" | "badly") => void>();

  begin(name: string): Promise<string> {
    this.begun.push(name);
    return new Promise((resolve, reject) => {
      this.#ends.set(name, (how) => (how === "well" ? resolve(name) : reject(new Error(name))));
    });
  }

  end(name: string, how: "well" | "badly" = "well"): void {
    this.#ends.get(name)?.(how);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("so much work goes on at once; what waits begins in the order of asking", async () => {
  const slots = new Slots(2);
  const works = new Works();
  const all = ["a", "b", "c", "d"].map((name) => slots.run(() => works.begin(name)));
  await settled();
  expect(works.begun).toEqual(["a", "b"]);
  works.end("b");
  await settled();
  expect(works.begun).toEqual(["a", "b", "c"]);
  works.end("a");
  await settled();
  for (const name of ["c", "d"]) works.end(name);
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
});

test("work that fails frees its slot, too", async () => {
  const slots = new Slots(1);
  const works = new Works();
  const failing = slots.run(() => works.begin("a"));
  const next = slots.run(() => works.begin("b"));
  works.end("a", "badly");
  expect(failing).rejects.toThrow("a");
  await settled();
  works.end("b");
  expect(await next).toBe("b");
});

test("a slot that is free is had at once", async () => {
  const slots = new Slots(1);
  const works = new Works();
  for (const name of ["a", "b"]) {
    const work = slots.run(() => works.begin(name));
    expect(works.begun.at(-1)).toBe(name);
    works.end(name);
    await work;
  }
});
