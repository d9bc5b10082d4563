import { expect, test } from "bun:test";
import { sourceAt, sourceName } from "../../src/cli/top-source.ts";
import { ScrapeFailure, wantedNames } from "../../src/cli/top-scrape.ts";
import { topScrapeMsMax } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { until } from "../support/until.ts";
import { metricsText } from "./top-scrapes.ts";

const text = { headers: { "content-type": "text/plain; version=0.0.4" } };
const good = (): Response => new Response(metricsText({ recordsIn: 7 }), text);

/** What one look finds at a server that answers like that. */
async function lookAt(answer: (request: Request) => Response | Promise<Response>, path = "") {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  try {
    const base = new URL(`http://127.0.0.1:${server.port}${path}`);
    return await sourceAt(base, new ManualClock())(new AbortController().signal);
  } finally {
    await server.stop(true);
  }
}

async function failureOf(answer: () => Response): Promise<string> {
  const found = await lookAt(answer);
  return found instanceof ScrapeFailure ? found.message : "none";
}

test("a look asks for the metrics that are shown, and for no others", async () => {
  let asked = new URL("http://nowhere");
  const found = await lookAt((request) => {
    asked = new URL(request.url);
    return good();
  }, "/behind/a/proxy/");
  expect(found).toMatchObject({ atMs: 0, scrape: { version: "1.2.3" } });
  expect(asked.pathname).toBe("/behind/a/proxy/metrics");
  expect(asked.searchParams.getAll("name[]")).toEqual([...wantedNames]);
});

test("a broker that can't tell less is asked for everything, and remembered to be", async () => {
  const asked: number[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ url }) {
      const names = new URL(url).searchParams.getAll("name[]").length;
      asked.push(names);
      return names > 0 ? new Response("no such parameter", { status: 400 }) : good();
    },
  });
  const look = sourceAt(new URL(`http://127.0.0.1:${server.port}`), new ManualClock());
  const { signal } = new AbortController();
  expect(await look(signal)).not.toBeInstanceOf(ScrapeFailure);
  expect(await look(signal)).not.toBeInstanceOf(ScrapeFailure);
  await server.stop(true);
  expect(asked).toEqual([wantedNames.length, 0, 0]);
});

test("a name and a password go into a header, and are never shown", async () => {
  const base = new URL("http://me:se%20cret@127.0.0.1:8081/");
  expect(sourceName(base)).toBe("127.0.0.1:8081");
  expect(sourceName(new URL("https://broker.example/obelisk"))).toBe(
    "https://broker.example/obelisk",
  );
  let authorization: string | null = null;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ headers }) {
      authorization = headers.get("authorization");
      return good();
    },
  });
  base.port = String(server.port);
  await sourceAt(base, new ManualClock())(new AbortController().signal);
  await server.stop(true);
  expect(authorization as string | null).toBe(`Basic ${btoa("me:se cret")}`);
});

test("what is no broker's answer is told apart, in words", async () => {
  const answer = (status: number) => () => new Response("", { ...text, status });
  expect(await failureOf(answer(503))).toBe("the broker is starting or stopping");
  expect(await failureOf(answer(404))).toBe("/metrics answers with status 404");
  expect(await failureOf(answer(302))).toBe("/metrics answers with status 302");
  expect(await failureOf(answer(200))).toBe("what it says is not the metrics of Obelisk");
  expect(await failureOf(() => Response.json({}))).toBe(
    "it has no metrics: is it the HTTP port of a broker?",
  );
});

test("so is a port where nobody listens, or where nobody speaks HTTP", async () => {
  const closing = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.end() },
  });
  const look = sourceAt(new URL(`http://127.0.0.1:${closing.port}`), new ManualClock());
  const { signal } = new AbortController();
  expect(await look(signal)).toEqual(
    new ScrapeFailure("the connection was closed before it had answered"),
  );
  closing.stop(true);
  expect(await look(signal)).toEqual(new ScrapeFailure("nobody listens there"));
});

test("who does not answer is given up after a while, and so is a look that is not wanted", async () => {
  let asked = 0;
  const { promise, resolve } = Promise.withResolvers<Response>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      asked += 1;
      return promise;
    },
  });
  const clock = new ManualClock();
  const look = sourceAt(new URL(`http://127.0.0.1:${server.port}`), clock);
  const late = look(new AbortController().signal);
  await until(() => asked === 1);
  clock.advance(topScrapeMsMax);
  expect(await late).toEqual(new ScrapeFailure("it did not answer within 10.0 s"));
  const ending = new AbortController();
  const unwanted = look(ending.signal);
  await until(() => asked === 2);
  ending.abort();
  expect(await unwanted).toBeInstanceOf(ScrapeFailure);
  expect(clock.pending).toBe(0);
  resolve(good());
  await server.stop(true);
});
