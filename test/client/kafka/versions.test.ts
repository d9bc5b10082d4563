import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import {
  AskAgain,
  BrokerVersions,
  readVersions,
  versionsRequest,
} from "../../../src/client/kafka/versions.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { codec } from "../../../src/wire/codec.ts";
import { Malformed, Reader } from "../../../src/wire/reader.ts";
import { blank } from "../../../src/wire/table.ts";
import { Writer } from "../../../src/wire/writer.ts";

const { ApiVersions, Fetch, Metadata } = apis;
const keyOf = (apiKey: number, minVersion: number, maxVersion: number) => {
  return { apiKey, minVersion, maxVersion };
};

/** The body of an answer. */
function body(version: number, errorCode: number, apiKeys: ReturnType<typeof keyOf>[]): Reader {
  const writer = new Writer();
  writer.begin();
  const row = { ...blank(ApiVersions.response.shape), errorCode, apiKeys };
  codec(ApiVersions.response, version).write(writer, row);
  return Reader.of(new Uint8Array(Buffer.concat(writer.finish()).subarray(4)));
}

describe("the version of an API", () => {
  const versions = new BrokerVersions("broker:1", { apiKeys: [keyOf(Fetch.key, 2, 12)] });

  test("is the newest that both have, within what is asked for", () => {
    expect(versions.choose(Fetch, {})).toBe(12);
    expect(versions.choose(Fetch, { versionMax: 7 })).toBe(7);
    expect(versions.choose(Fetch, { versionMin: 12 })).toBe(12);
  });

  test("is none where nothing is in common, and the error names all there is to know", () => {
    expect(versions.choose(Fetch, { versionMin: 13 })).toMatchObject({
      code: "UNSUPPORTED",
      message: "broker:1 has Fetch in versions 2 to 12, and what is wanted of it needs 13 to 17",
    });
    const old = new BrokerVersions("broker:1", { apiKeys: [keyOf(Fetch.key, 0, 0)] });
    expect(old.choose(Fetch, {})).toMatchObject({
      message: "broker:1 has Fetch in versions 0, and what is wanted of it needs 4 to 17",
    });
  });

  test("is none of an API that the broker does not have", () => {
    expect(versions.choose(Metadata, {})).toMatchObject({
      code: "UNSUPPORTED",
      message: "broker:1 does not have Metadata",
    });
  });
});

describe("asking for versions", () => {
  const unsupported = errors.UNSUPPORTED_VERSION.code;

  test("tells who asks, in a form that Kafka takes (KIP-511)", () => {
    const form = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;
    expect(versionsRequest.clientSoftwareName).toMatch(form);
    expect(versionsRequest.clientSoftwareVersion).toMatch(form);
  });

  test("is done when the broker knows the question", () => {
    const found = readVersions(body(3, 0, [keyOf(Fetch.key, 4, 11)]), 3, "broker:1");
    if (!(found instanceof BrokerVersions)) throw new Error("those are versions");
    expect(found.choose(Fetch, {})).toBe(11);
  });

  test("goes on in a version that the broker names", () => {
    const reader = body(0, unsupported, [keyOf(ApiVersions.key, 0, 3)]);
    expect(readVersions(reader, 4, "broker:1")).toEqual(new AskAgain(3));
  });

  test("goes on in the first version where the broker names none (before Kafka 2.4)", () => {
    expect(readVersions(body(0, unsupported, []), 4, "broker:1")).toEqual(new AskAgain(0));
  });

  test("never asks the same again", () => {
    const reader = body(0, unsupported, [keyOf(ApiVersions.key, 0, 9)]);
    expect(readVersions(reader, 4, "broker:1")).toEqual(new AskAgain(3));
    expect(readVersions(body(0, unsupported, []), 0, "broker:1")).toBeInstanceOf(ClientError);
  });

  test("ends with any other error, and with what can't be read", () => {
    const refused = readVersions(body(4, errors.INVALID_REQUEST.code, []), 4, "broker:1");
    expect(refused).toMatchObject({ code: "INVALID_REQUEST" });
    expect(readVersions(Reader.of(new Uint8Array(1)), 4, "broker:1")).toBeInstanceOf(Malformed);
  });
});
