/**
 * The HTTP port: the only file here that knows the server (Bun's). It turns requests into
 * {@link Inbound}, answers into responses, and WebSockets into links and sessions.
 *
 * Owns what is under way: requests are counted from their arrival until their answer is sent, and
 * above `httpRequestsMax` turned away. The runtime accepts connections by itself; a silent one is
 * closed after `httpIdleMsMax`.
 */
import { assert } from "../base/assert.ts";
import type { Cancel } from "../base/clock.ts";
import { ListenFailure } from "../base/listen-failure.ts";
import {
  httpIdleMsMax,
  httpRequestsMax,
  httpSocketBacklogBytesMax,
  httpSocketMessageBytesMax,
  httpSocketsMax,
  streamStalledMsMax,
} from "../limits.ts";
import { type Answered, type Answering, answerTo } from "./answer.ts";
import { HttpError } from "./errors.ts";
import { errorReply, type Reply, responseOf } from "./reply.ts";
import type { Inbound } from "./route.ts";
import type { System } from "./services.ts";
import type { SocketLink, SocketSession } from "./socket.ts";

/** Where to listen, and what for. */
export interface DoorOptions extends Answering {
  readonly hostname: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Asked anew for each request. */
  readonly system: () => System;
}

/** Opens the port. */
export function openDoor(options: DoorOptions): HttpDoor | ListenFailure {
  try {
    return new HttpDoor(options);
  } catch (error) {
    return ListenFailure.of(error, "http", options.port, options.hostname);
  }
}

type Server = Bun.Server<SocketSession>;
type Socket = Bun.ServerWebSocket<SocketSession>;

/** See the head of this file. */
class HttpDoor {
  readonly #server: Server;
  /** Requests that are being answered, streams included. */
  #open = 0;
  readonly #sockets = new Set<SocketSession>();
  /** Called when the door closes; see {@link Inbound.onEnd}. */
  readonly #waiting = new Set<Cancel>();
  #stopping: Promise<void> | null = null;

  /** Throws what the runtime throws; {@link openDoor} turns it into a value. */
  constructor(private readonly options: DoorOptions) {
    this.#server = Bun.serve<SocketSession>({
      hostname: options.hostname,
      port: options.port,
      development: false,
      // Said aloud: under `bun test` the default shares a port that is taken.
      reusePort: false,
      idleTimeout: httpIdleMsMax / 1000,
      // Bodies are bounded where they are read: a streamed one may be of any length.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => this.#answer(request, server),
      error: (error) => {
        options.logger.error("http response failed", { error });
        return new Response(null, { status: 500 });
      },
      websocket: {
        maxPayloadLength: httpSocketMessageBytesMax,
        backpressureLimit: httpSocketBacklogBytesMax,
        closeOnBackpressureLimit: true,
        idleTimeout: httpIdleMsMax / 1000,
        data: {} as SocketSession,
        open: (socket) => this.#socketOpened(socket),
        message: (socket, message) => socket.data.message(message),
        drain: (socket) => socket.data.drained(),
        close: (socket) => this.#socketClosed(socket),
      },
    });
  }

  get port(): number {
    const { port } = this.#server;
    assert(port !== undefined, "a door has a port");
    return port;
  }

  get hostname(): string {
    return this.options.hostname;
  }

  /** Requests that are being answered, and WebSockets. */
  get open(): number {
    return this.#open + this.#sockets.size;
  }

  /**
   * Accepts no more, answers what was asked, tells what waits for long to end, and resolves when
   * all connections are gone; those that are not by then are cut off after `deadlineMs`.
   */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { clock } = this.options.system();
    const cancel = clock.after(deadlineMs, () => void this.#server.stop(true));
    const stopped = this.#server.stop();
    for (const session of [...this.#sockets]) session.stop();
    for (const waiting of [...this.#waiting]) waiting();
    await stopped;
    cancel();
  }

  async #answer(request: Request, server: Server): Promise<Response | undefined> {
    if (this.#open >= httpRequestsMax) {
      const busy = HttpError.of(503, "too many requests at a time", { "retry-after": "1" });
      return responseFor(request, { reply: errorReply(busy), headers: {} });
    }
    this.#open += 1;
    const inbound = this.#inbound(request);
    const answered: Answered =
      inbound === null
        ? { reply: errorReply(HttpError.of(400, "the request's address is none")), headers: {} }
        : await answerTo(inbound, this.options);
    const { reply } = answered;
    if (reply.content.kind === "socket") {
      this.#open -= 1;
      return this.#upgraded(request, server, reply.content.session);
    }
    if (reply.content.kind !== "stream" || request.method === "HEAD") {
      this.#open -= 1;
      return responseFor(request, answered);
    }
    const { open, isQuiet } = reply.content;
    const allow = (ms: number): void => {
      if (isQuiet) server.timeout(request, ms / 1000);
    };
    allow(0);
    const watcher = {
      offered: () => allow(streamStalledMsMax),
      taken: () => allow(0),
      ended: () => void (this.#open -= 1),
    };
    const content = { ...reply.content, open: () => watched(open(), watcher) };
    return responseFor(request, { ...answered, reply: { ...reply, content } });
  }

  /** `null`: the runtime could make no address of what was sent. */
  #inbound(request: Request): Inbound | null {
    if (!URL.canParse(request.url)) return null;
    const onEnd = (cancel: Cancel): (() => void) => {
      this.#waiting.add(cancel);
      request.signal.addEventListener("abort", cancel, { once: true });
      if (this.#stopping !== null || request.signal.aborted) cancel();
      return () => {
        this.#waiting.delete(cancel);
        request.signal.removeEventListener("abort", cancel);
      };
    };
    return {
      method: request.method,
      url: new URL(request.url),
      header: (name) => request.headers.get(name),
      headerNames: () => [...request.headers.keys()],
      body: request.body,
      system: this.options.system(),
      onEnd,
    };
  }

  #upgraded(request: Request, server: Server, session: SocketSession): Response | undefined {
    if (this.#sockets.size >= httpSocketsMax) {
      const busy = HttpError.of(503, "too many WebSockets at a time", { "retry-after": "1" });
      return responseFor(request, { reply: errorReply(busy), headers: {} });
    }
    if (server.upgrade(request, { data: session })) return undefined;
    const plain = HttpError.of(426, "this path speaks WebSocket", { upgrade: "websocket" });
    return responseFor(request, { reply: errorReply(plain), headers: {} });
  }

  #socketOpened(socket: Socket): void {
    this.#sockets.add(socket.data);
    socket.data.open(linkOf(socket));
    if (this.#stopping !== null) socket.data.stop();
  }

  #socketClosed(socket: Socket): void {
    this.#sockets.delete(socket.data);
    socket.data.closed();
  }
}

const linkOf = (socket: Socket): SocketLink => ({
  send: (message) => socket.readyState === 1 && socket.send(message) !== 0,
  get unsentBytes() {
    return socket.getBufferedAmount();
  },
  close: (code, reason) => socket.close(code, reason),
  cut: () => socket.terminate(),
});

const responseFor = (request: Request, { reply, headers }: Answered): Response =>
  responseOf(reply satisfies Reply, {
    method: request.method,
    ifNoneMatch: request.headers.get("if-none-match"),
    headers,
  });

/** What is told of a stream. */
interface Watcher {
  /** There is something for the peer; */
  offered(): void;
  /** and it has taken what there was. */
  taken(): void;
  /** Once, however it ends. */
  ended(): void;
}

/** The same stream, watched. A peer that takes nothing of what is offered is cut by the runtime. */
function watched(source: ReadableStream<Uint8Array>, watcher: Watcher): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let isEnded = false;
  const end = (): void => {
    if (!isEnded) watcher.ended();
    isEnded = true;
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      watcher.taken();
      try {
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return watcher.offered();
        }
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}
