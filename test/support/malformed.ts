/**
 * Requests with something wrong in them: the frames of clients that are broken, old, foreign or
 * hostile. From chance alone, so that a seed gives the same ones again.
 */
import type { Random } from "../../src/base/random.ts";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { readRequest, routeOf } from "../../src/kafka/dispatch.ts";
import { writeRequestHeader } from "../../src/kafka/headers.ts";
import { codec } from "../../src/wire/codec.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import type { Api } from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";
import { filledRow } from "./fill.ts";
import { filled } from "./kafka-world.ts";
import { randomBytes } from "./seed.ts";

const names = Object.keys(apis) as ApiName[];
const writer = new Writer();

/** A request without its length; what its row leaves out has its default. */
export function requestFrame(name: ApiName, version: number, row: object): Uint8Array {
  const api: Api = apis[name];
  writer.begin();
  writeRequestHeader(writer, api, version, 1, "client");
  codec(api.request, version).write(writer, filled(api.request.shape, row));
  return new Uint8Array(Buffer.concat(writer.finish())).subarray(4);
}

/** A request of any API and version, in good order but for what it asks. */
function anyFrame(random: Random): Uint8Array {
  const name = names[random.below(names.length)]!;
  const { versions, request }: Api = apis[name];
  const [oldest, newest] = versions;
  const version = oldest + random.below(newest - oldest + 1);
  const variant = random.next() < 0.5 ? "full" : "bare";
  return requestFrame(
    name,
    version,
    random.next() < 0.2 ? {} : filledRow(request, version, variant),
  );
}

/** The frame with something wrong in it, or as it is. */
function damaged(frame: Uint8Array, random: Random): Uint8Array {
  const bytes = frame.slice();
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length));
    case 1:
      bytes[random.below(bytes.length)] = random.below(256);
      return bytes;
    case 2:
      // Lengths and counts that promise much.
      bytes.fill(random.next() < 0.5 ? 0x7f : 0xff, 8 + random.below(bytes.length - 8));
      return bytes;
    case 3:
      return new Uint8Array(Buffer.concat([bytes, randomBytes(random, 1 + random.below(20))]));
    case 4:
      bytes.set(randomBytes(random, Math.min(4, bytes.length - 8)), 8);
      return bytes;
    default:
      return bytes;
  }
}

function anything(random: Random): Uint8Array {
  const bytes = randomBytes(random, 1 + random.below(60));
  // Nearly all random keys are unknown: most of these get further than that.
  if (bytes.length > 4 && random.next() < 0.9) {
    const { key, versions }: Api = apis[names[random.below(names.length)]!];
    bytes.set([0, key, 0, versions[0] + random.below(versions[1] - versions[0] + 1)]);
  }
  return bytes;
}

/** One frame, without its length. It may be empty. */
export const malformedFrame = (random: Random): Uint8Array =>
  random.next() < 0.15 ? anything(random) : damaged(anyFrame(random), random);

/** Whether a broker can only end the connection on it. */
export function isUnreadable(frame: Uint8Array): boolean {
  const reader = Reader.of(frame);
  const routed = routeOf(reader.view, 0, frame.length);
  return typeof routed === "string" || readRequest(reader, routed) instanceof Malformed;
}

/** The frame as it goes over a socket. */
export function withLength(frame: Uint8Array, length = frame.length): Uint8Array {
  const bytes = new Uint8Array(4 + frame.length);
  new DataView(bytes.buffer).setInt32(0, length);
  bytes.set(frame, 4);
  return bytes;
}
