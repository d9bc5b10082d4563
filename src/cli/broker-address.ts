/** Where a broker speaks Obelisk's own protocol, as an option: `host:port`. */
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

export const addressText = ({ host, port }: BrokerAddress): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

function parseAddress(given: string): BrokerAddress | undefined {
  const match = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(given);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
