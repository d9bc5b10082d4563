import { expect, test } from "bun:test";
import { HttpError } from "../../../src/http/errors.ts";
import { ReportStream } from "../../../src/http/rest-v3/report-stream.ts";
import { httpStreamPiecesMax } from "../../../src/limits.ts";
import { turns } from "../../support/until.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A body of endless pieces, of which it is known how many were taken. */
class Body {
  pieces = 0;
  releasedBytes = 0;
  isEnded = false;
  constructor(private readonly countMax = Infinity) {}
  piece(): Promise<Uint8Array | null | HttpError> {
    if (this.isEnded || this.pieces >= this.countMax) return Promise.resolve(null);
    this.pieces += 1;
    return Promise.resolve(encode(String(this.pieces)));
  }
  release(bytes: number): void {
    this.releasedBytes += bytes;
  }
  end(): void {
    this.isEnded = true;
  }
}

const fine = { atEnd: () => null, lastReport: (fault: HttpError) => encode(`[${fault.status}]`) };

test("reports come in the order of the pieces, whichever is done first", async () => {
  const body = new Body(3);
  const resolves: (() => void)[] = [];
  const take = async (piece: Uint8Array): Promise<Uint8Array> => {
    await new Promise<void>((resolve) => resolves.push(resolve));
    return piece;
  };
  const reports = new ReportStream(body, take, fine.atEnd, fine.lastReport);
  const reading = new Response(reports.open(() => () => {})).text();
  await turns(2);
  for (const resolve of resolves.toReversed()) resolve();
  expect(await reading).toBe("123");
  expect([body.releasedBytes, body.isEnded]).toEqual([3, true]);
});

test("no more is read than may be on its way, while nobody takes reports", async () => {
  const body = new Body();
  const take = (piece: Uint8Array) => Promise.resolve(piece);
  const reports = new ReportStream(body, take, fine.atEnd, fine.lastReport);
  const stream = reports.open(() => () => {});
  await turns(50);
  // One report is kept by the stream itself.
  expect(body.pieces).toBeLessThanOrEqual(httpStreamPiecesMax + 2);
  await stream.cancel();
  await turns(2);
  expect(body.isEnded).toBeTrue();
});

test("a fault is the last report, and nothing is read after it", async () => {
  const body = new Body();
  const take = (piece: Uint8Array): Promise<Uint8Array | HttpError> =>
    Promise.resolve(piece[0] === 0x32 ? HttpError.of(400, "no") : piece);
  const reports = new ReportStream(body, take, fine.atEnd, fine.lastReport);
  expect(await new Response(reports.open(() => () => {})).text()).toBe("1[400]");
  expect(body.isEnded).toBeTrue();
});

test("what is missing at the end is a fault as well", async () => {
  const take = (piece: Uint8Array) => Promise.resolve(piece);
  const atEnd = (): HttpError => HttpError.of(400, "half");
  const reports = new ReportStream(new Body(1), take, atEnd, fine.lastReport);
  expect(await new Response(reports.open(() => () => {})).text()).toBe("1[400]");
});

test("whoever ends it from outside ends the reading, and is forgotten afterwards", async () => {
  const body = new Body();
  let end = (): void => {};
  let isForgotten = false;
  const take = (piece: Uint8Array) => Promise.resolve(piece);
  const reports = new ReportStream(body, take, fine.atEnd, fine.lastReport);
  const stream = reports.open((cancel) => {
    end = cancel;
    return () => {
      isForgotten = true;
    };
  });
  await turns(2);
  end();
  const text = await new Response(stream).text();
  expect(text).toStartWith("123");
  expect([body.isEnded, isForgotten]).toEqual([true, true]);
});
