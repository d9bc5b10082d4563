/**
 * One port, or one Unix socket: accepts connections, passes them through the gate, and gives each
 * to its protocol.
 *
 * Owns the listening socket and the connections that came through it. Invariant: nothing that
 * happens on one connection reaches another; the runtime's handlers here are synchronous and
 * throw nothing.
 */
import { ListenFailure } from "../base/listen-failure.ts";
import { Memory } from "../base/memory.ts";
import { Connection, type Protocol } from "./connection.ts";
import type { Network } from "./network.ts";

/** An address of this machine; the port 0 is one that is free. */
export interface PortPlace {
  readonly hostname: string;
  readonly port: number;
}

/** The path of a Unix socket. Nothing is there yet; the runtime removes it at the end. */
export interface UnixPlace {
  readonly unix: string;
}

/** Where to listen, and for what. */
export interface ListenOptions {
  /** The protocol's name, for log lines. */
  readonly name: string;
  readonly place: PortPlace | UnixPlace;
  readonly network: Network;
  readonly protocol: Protocol;
}

type Socket = Bun.Socket<Connection | undefined>;

/** Where the peers of a Unix socket are. */
const localPeer = "local";

/** Opens the place. */
export function listen(options: ListenOptions): Listener | ListenFailure {
  try {
    return new Listener(options);
  } catch (error) {
    const { name, place } = options;
    if ("unix" in place) return new ListenFailure("failed", `${name} socket: ${String(error)}`);
    return ListenFailure.of(error, name, place.port, place.hostname);
  }
}

/** An open port or socket. */
export class Listener {
  readonly #server: Bun.SocketListener<Connection | undefined>;
  readonly #connections = new Set<Connection>();
  /** `host:port`, or the path of the socket. */
  readonly address: string;
  /** `null`: it is a socket. */
  readonly port: number | null;
  #stopping: Promise<void> | undefined;
  /** Connections over a Unix socket so far: peers have no other names. */
  #unixAccepted = 0;
  /** Use: called whenever a connection has gone. */
  #onGone: () => void = () => {};

  /** Throws what the runtime throws; {@link listen} turns it into a value. */
  constructor(private readonly options: ListenOptions) {
    const socket: Bun.SocketHandler<Connection | undefined> = {
      binaryType: "uint8array",
      open: (accepted) => this.#accept(accepted),
      data: (from, chunk) => {
        // The runtime gives each chunk a buffer of its own.
        const memory = new Memory(chunk);
        from.data?.received(memory);
        memory.letGo();
      },
      drain: (to) => to.data?.writable(),
      end: (of) => of.data?.finish(),
      close: (of) => of.data?.socketClosed(),
      // Nothing above throws; were it otherwise, it would end the process without this.
      error: (of, error) => this.#broken(of, error),
    };
    // A peer may send its FIN and still wait for answers: `printf … | nc` does.
    const how = { allowHalfOpen: true, data: undefined, socket };
    const { place } = options;
    if ("unix" in place) {
      this.#server = Bun.listen<Connection | undefined>({ ...place, ...how });
      this.address = place.unix;
      this.port = null;
    } else {
      const server = Bun.listen<Connection | undefined>({ ...place, ...how });
      this.#server = server;
      this.port = server.port;
      const { hostname } = place;
      this.address = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`;
    }
  }

  get name(): string {
    return this.options.name;
  }

  /** Connections that came through it and are open now. */
  get open(): number {
    return this.#connections.size;
  }

  /**
   * Accepts no more, lets every session answer what it has taken, and resolves when all
   * connections are gone; those that are not by then are cut off after `deadlineMs`.
   */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= new Promise((resolve) => {
      this.#server.stop();
      const cancelDeadline = this.options.network.clock.after(deadlineMs, () => {
        for (const connection of [...this.#connections]) connection.cut("shutdown deadline");
      });
      this.#onGone = () => {
        if (this.#connections.size > 0) return;
        cancelDeadline();
        resolve();
      };
      for (const connection of [...this.#connections]) connection.finish();
      this.#onGone();
    });
    return this.#stopping;
  }

  #accept(socket: Socket): void {
    const { network, protocol, name } = this.options;
    const isUnix = "unix" in this.options.place;
    const address: string | undefined = isUnix ? localPeer : socket.remoteAddress;
    // Whoever has reset the connection before it was accepted has no address any more.
    if (address === undefined) {
      socket.terminate();
      return;
    }
    const refusal = network.gate.enter(address);
    if (refusal !== null) {
      network.noteRefused(refusal);
      socket.terminate();
      return;
    }
    const port = isUnix ? ++this.#unixAccepted : socket.remotePort;
    const peer = `${address.includes(":") ? `[${address}]` : address}:${port}`;
    try {
      const connection: Connection = new Connection(socket, peer, network, protocol, () => {
        network.gate.leave(address);
        this.#connections.delete(connection);
        this.#onGone();
      });
      socket.data = connection;
      this.#connections.add(connection);
      network.logger.debug("connection accepted", { listener: name, peer });
    } catch (error) {
      network.gate.leave(address);
      this.#broken(socket, error);
    }
  }

  #broken(socket: Socket, error: unknown): void {
    const { network, name } = this.options;
    network.logger.error("connection failed", { listener: name, error: String(error) });
    socket.terminate();
  }
}
