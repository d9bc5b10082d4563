/**
 * Where brokers are, as options: `host:port` of one that speaks Obelisk's own protocol, or a list
 * of those that speak Kafka's.
 */
import { defineOption } from "./option.ts";
import type { About, Option } from "./option.ts";

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** A host, an IPv6 address in brackets, and a port. */
export const brokerAddress = <D extends BrokerAddress | null>(
  about: About<D>,
): Option<BrokerAddress | D> =>
  defineOption<BrokerAddress, D>(
    {
      placeholder: "<host:port>",
      expected: "a host and the port of Obelisk's own protocol, as localhost:8080",
      range: null,
      parse: parseAddress,
      show: addressText,
    },
    about,
  );

/** Kafka's port, where none is said. */
const kafkaPort = 9092;

/** Brokers of one cluster, by commas; the port may be left out. */
export const brokerAddresses = <D extends readonly BrokerAddress[] | null>(
  about: About<D>,
): Option<readonly BrokerAddress[] | D> =>
  defineOption<readonly BrokerAddress[], D>(
    {
      placeholder: "<host:port,…>",
      expected: "brokers that speak Kafka's protocol, as localhost:9092 or one:9092,two:9092",
      range: null,
      parse(given) {
        const found = given.split(",").map((each) => each.trim());
        const addresses = found.map((each) => parseAddress(each) ?? withoutPort(each));
        const known = addresses.filter((each) => each !== undefined);
        return known.length === found.length ? known : undefined;
      },
      show: (addresses) => addresses.map(addressText).join(","),
    },
    about,
  );

export const addressText = ({ host, port }: BrokerAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

const withoutPort = (host: string): BrokerAddress | undefined =>
  parseAddress(`${host}:${kafkaPort}`);

function parseAddress(given: string): BrokerAddress | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(given);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
