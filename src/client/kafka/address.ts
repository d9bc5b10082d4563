/** Where a broker is: what brokers tell of one another, and what people write for it. */
import { ClientError } from "./client-error.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** As people write it; the key under which an address is remembered. */
export function addressText({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Reads `host:port`, `[::1]:port`.
 * @throws ClientError INVALID
 */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-f:.]+(?:%\w+)?)\]|([^\s:[\]/@]+)):(\d{1,5})$/i.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new ClientError("INVALID", `"${text}" is no address of a broker: write host:port`);
  }
  return { host, port };
}
