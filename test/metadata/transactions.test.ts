import { expect, test } from "bun:test";
import { Transactions } from "../../src/metadata/transactions.ts";

const failing = (code: string): Error => Object.assign(new Error("disk I/O error"), { code });

/** Transactions on a database that fails as told, once for each code. */
function transactionsOn(codes: (string | null)[]): {
  transactions: Transactions<string>;
  begun: () => number;
} {
  let begun = 0;
  const transactions = new Transactions<string>(async (work) => {
    const code = codes[begun++];
    const result = await work("connection");
    if (code) throw failing(code);
    return result;
  }, "metadata m.db");
  return { transactions, begun: () => begun };
}

test("a transaction gives the result of its work", async () => {
  const { transactions } = transactionsOn([null]);
  expect(await transactions.run("adding", (sql) => Promise.resolve(`on ${sql}`))).toBe(
    "on connection",
  );
});

test("a failed transaction is a refusal that says what it was for", async () => {
  const { transactions } = transactionsOn(["SQLITE_FULL"]);
  const refused = await transactions.run("adding topic t", () => Promise.resolve("done"));
  expect(String(refused)).toBe(
    "DISK_FULL: metadata m.db: adding topic t: disk I/O error (SQLITE_FULL)",
  );
});

test("after a full disk the next transaction is tried", async () => {
  const { transactions } = transactionsOn(["SQLITE_FULL", null]);
  await transactions.run("adding", () => Promise.resolve("first"));
  expect(await transactions.run("adding", () => Promise.resolve("second"))).toBe("second");
});

test("after a failed fsync no transaction is begun any more", async () => {
  const { transactions, begun } = transactionsOn(["SQLITE_IOERR_FSYNC", null]);
  const first = await transactions.run("adding", () => Promise.resolve("first"));
  const second = await transactions.run("removing", () => Promise.resolve("second"));
  expect(second).toBe(first);
  expect(begun()).toBe(1);
});

test("a programmer's error in the work is no refusal", async () => {
  const { transactions } = transactionsOn([null]);
  const work = (): Promise<never> => Promise.reject(new TypeError("a mistake"));
  await expect(transactions.run("adding", work)).rejects.toThrow("a mistake");
});
