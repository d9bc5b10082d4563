/**
 * Which version of which API a broker and this client have in common (KIP-35), and how it is found
 * out from a broker that may be older than the question (KIP-511).
 */
import { version as softwareVersion } from "../../../package.json";
import { apis } from "../../kafka/apis.ts";
import { errors } from "../../kafka/errors.ts";
import { codec } from "../../wire/codec.ts";
import { Malformed, type Reader } from "../../wire/reader.ts";
import type { Api, RequestOf, ResponseOf, Versions } from "../../wire/table.ts";
import { ClientError, kafkaError } from "./client-error.ts";

const { ApiVersions } = apis;
/** ApiVersions as all APIs got a new version with that. */
const pausesSince = 2;

/** What each client asks first. */
export const versionsRequest: RequestOf<typeof ApiVersions> = {
  clientSoftwareName: "obelisk",
  clientSoftwareVersion: softwareVersion,
};

/** Bounds that a caller sets, beside those of the tables. */
export interface VersionBounds {
  readonly versionMin?: number;
  readonly versionMax?: number;
}

/** See the head of this file. */
export class BrokerVersions {
  readonly #ranges = new Map<number, Versions>();

  /** @param broker its address, for messages */
  constructor(
    private readonly broker: string,
    response: Pick<ResponseOf<typeof ApiVersions>, "apiKeys">,
  ) {
    for (const { apiKey, minVersion, maxVersion } of response.apiKeys) {
      this.#ranges.set(apiKey, [minVersion, maxVersion]);
    }
  }

  /**
   * Whether the broker answers at once when it wants a pause, and leaves it to the client to keep
   * it (KIP-219, Kafka 2.0). Older ones have waited already.
   */
  get leavesPauses(): boolean {
    return (this.#ranges.get(ApiVersions.key)?.[1] ?? 0) >= pausesSince;
  }

  /** The newest version that both have, within the bounds; UNSUPPORTED if there is none. */
  choose(api: Api, { versionMin = 0, versionMax = Infinity }: VersionBounds): number | ClientError {
    const range = this.#ranges.get(api.key);
    if (range === undefined) {
      return new ClientError("UNSUPPORTED", `${this.broker} does not have ${api.name}`);
    }
    const oldest = Math.max(range[0], api.versions[0], versionMin);
    const newest = Math.min(range[1], api.versions[1], versionMax);
    if (oldest <= newest) return newest;
    const ours: Versions = [
      Math.max(api.versions[0], versionMin),
      Math.min(api.versions[1], versionMax),
    ];
    return new ClientError(
      "UNSUPPORTED",
      `${this.broker} has ${api.name} in versions ${rangeText(range)}, and what is wanted of it ` +
        `needs ${rangeText(ours)}`,
    );
  }
}

const rangeText = ([oldest, newest]: Versions): string =>
  oldest === newest ? String(oldest) : `${oldest} to ${newest}`;

/** A question in this version came to nothing; ask again in this one. */
export class AskAgain {
  constructor(readonly version: number) {}
}

/**
 * Reads the answer to ApiVersions, whose header has been read. A broker that does not know the
 * version of the question answers in version 0, with an error and, from Kafka 2.4 on, the versions
 * that it does know.
 */
export function readVersions(
  reader: Reader,
  asked: number,
  broker: string,
): BrokerVersions | AskAgain | ClientError | Malformed {
  const { view, at, end } = reader;
  const errorBytes = 2;
  const isTooNew =
    end - at >= errorBytes && view.getInt16(at) === errors.UNSUPPORTED_VERSION.code && asked > 0;
  const row = codec(ApiVersions.response, isTooNew ? 0 : asked).read(reader);
  if (row instanceof Malformed) return row;
  if (isTooNew) {
    const known = row.apiKeys.find(({ apiKey }) => apiKey === ApiVersions.key);
    return new AskAgain(Math.min(known?.maxVersion ?? 0, asked - 1));
  }
  return (
    kafkaError(row.errorCode, `asking ${broker} for its versions`) ??
    new BrokerVersions(broker, row)
  );
}
