/**
 * What people are told of connections to brokers that clients make again by themselves: that one
 * broke, and that it is there again; of each broker once, however many connections there are.
 */
import type { Dial } from "../client/socket.ts";
import { addressText } from "./broker-address.ts";

/** Who is told. */
export interface BreakWatcher {
  /** Connections to a broker broke that had been there. */
  lost(reason: string): void;
  /** One of them is there again. */
  back(): void;
}

/** Makes a dial that does the same and tells `watcher`. */
export function tellingDial(watcher: BreakWatcher): (dial: Dial) => Dial {
  /** Addresses of brokers that were connected, and are not. */
  const lost = new Set<string>();
  return (dial) => (host, port, events) => {
    const address = addressText({ host, port });
    let isUp = false;
    let isEnded = false;
    const socket = dial(host, port, {
      opened() {
        isUp = true;
        events.opened();
        if (lost.delete(address)) watcher.back();
      },
      received: (chunk) => events.received(chunk),
      writable: () => events.writable(),
      closed(reason) {
        // The client lets go of a connection that broke, too.
        const hasBroken = isUp && !isEnded;
        events.closed(reason);
        if (!hasBroken || lost.has(address)) return;
        lost.add(address);
        watcher.lost(`${address}: ${reason}`);
      },
    });
    return {
      write: (bytes, from, length) => socket.write(bytes, from, length),
      end() {
        isEnded = true;
        socket.end();
      },
    };
  };
}
