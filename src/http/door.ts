/**
 * The HTTP port: the only file here that knows the server (Bun's). It turns requests into
 * {@link Inbound}, answers into responses, and WebSockets into links and sessions.
 *
 * Owns what is under way: requests are counted from their arrival until their answer is sent, and
 * above `httpRequestsMax` turned away, but for those that are always answered. What peers have not
 * taken of large answers is counted too, up to `httpUnsentBytesMax`.
 *
 * The runtime accepts connections by itself, as many as come, and shows none of them before it has
 * asked something. One that has not is closed after `httpHeadMsMax`, a silent one after
 * `httpIdleMsMax`; and the door can be closed for a while (`descriptor-watch.ts`).
 */
import { assert } from "../base/assert.ts";
import type { Cancel } from "../base/clock.ts";
import { ListenFailure } from "../base/listen-failure.ts";
import {
  httpAnswerPieceBytes,
  httpHeadMsMax,
  httpIdleMsMax,
  httpRecordsBytesMax,
  httpRequestsMax,
  httpSocketBacklogBytesMax,
  httpSocketMessageBytesMax,
  httpSocketsMax,
  httpUnsentBytesMax,
  streamStalledMsMax,
} from "../limits.ts";
import { type Answered, type Answering, answerTo } from "./answer.ts";
import { HttpError, noRoom } from "./errors.ts";
import { type Content, errorReply, piecesOf, type Reply, responseOf, wholeOf } from "./reply.ts";
import type { Inbound } from "./route.ts";
import type { Router } from "./router.ts";
import type { System } from "./services.ts";
import type { SocketLink, SocketSession } from "./socket.ts";

/** Where to listen, and what for. */
export interface DoorOptions extends Omit<Answering, "router"> {
  /** Asked for with the first request, and no more. */
  readonly router: () => Promise<Router>;
  readonly hostname: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Asked anew for each request. */
  readonly system: () => System;
  /** `httpRequestsMax` by default. */
  readonly requestsMax?: number;
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
  /** `null`: closed for a while. */
  #server: Server | null;
  /** Those that were closed and still answer what they had taken. */
  readonly #closed = new Set<Server>();
  readonly port: number;
  /** Requests that are being answered, streams included. */
  #open = 0;
  /** Of large answers. */
  #unsentBytes = 0;
  readonly #sockets = new Set<SocketSession>();
  /** Called when the door closes; see {@link Inbound.onEnd}. */
  readonly #waiting = new Set<Cancel>();
  #stopping: Promise<void> | null = null;
  #answering: Promise<Answering> | null = null;

  /** Throws what the runtime throws; {@link openDoor} turns it into a value. */
  constructor(private readonly options: DoorOptions) {
    this.#server = this.#listen(options.port);
    const { port } = this.#server;
    assert(port !== undefined, "a door has a port");
    this.port = port;
  }

  /** Throws what the runtime throws. */
  #listen(port: number): Server {
    const { hostname, logger } = this.options;
    return Bun.serve<SocketSession>({
      hostname,
      port,
      development: false,
      // Said aloud: under `bun test` the default shares a port that is taken.
      reusePort: false,
      // Until something is asked; then each request has a longer one of its own.
      idleTimeout: httpHeadMsMax / 1000,
      // Bodies are bounded where they are read: a streamed one may be of any length.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, server) => this.#answer(request, server),
      error: (error) => {
        logger.error("http response failed", { error });
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
    this.shut(false);
    const cancel = clock.after(deadlineMs, () => this.shut(true));
    for (const session of [...this.#sockets]) session.stop();
    for (const waiting of [...this.#waiting]) waiting();
    await Promise.all([...this.#closed].map((server) => server.stop()));
    cancel();
  }

  /**
   * Accepts no more until {@link reopen}, and closes connections that ask nothing. What is under
   * way goes on, unless everything is to be cut.
   */
  shut(isCutting: boolean): void {
    if (this.#server !== null) this.#closed.add(this.#server);
    this.#server = null;
    for (const server of [...this.#closed]) {
      void server.stop(isCutting).then(() => this.#closed.delete(server));
    }
  }

  /** Accepts again, if the port is still free. */
  reopen(): ListenFailure | null {
    if (this.#server !== null || this.#stopping !== null) return null;
    try {
      this.#server = this.#listen(this.port);
      return null;
    } catch (error) {
      return ListenFailure.of(error, "http", this.port, this.hostname);
    }
  }

  async #answer(request: Request, server: Server): Promise<Response | undefined> {
    server.timeout(request, httpIdleMsMax / 1000);
    const answering = await (this.#answering ??= this.#loaded());
    const inbound = this.#inbound(request);
    const { requestsMax = httpRequestsMax } = this.options;
    if (this.#open >= requestsMax && !isAlways(inbound, answering)) {
      const busy = HttpError.of(503, "too many requests at a time", { "retry-after": "1" });
      return responseFor(request, { reply: errorReply(busy), headers: {} });
    }
    this.#open += 1;
    const answered: Answered =
      inbound === null
        ? { reply: errorReply(HttpError.of(400, "the request's address is none")), headers: {} }
        : await answerTo(inbound, answering);
    const { content } = answered.reply;
    if (content.kind === "socket") {
      this.#open -= 1;
      return this.#upgraded(request, server, content.session);
    }
    let isBegun = false;
    const begin = (bytes: number): (() => void) => {
      isBegun = true;
      this.#unsentBytes += bytes;
      return () => {
        this.#open -= 1;
        this.#unsentBytes -= bytes;
      };
    };
    const isHead = request.method === "HEAD";
    const reply = isHead ? answered.reply : this.#paced(request, server, answered.reply, begin);
    const response = responseFor(request, { ...answered, reply });
    if (!isBegun) this.#open -= 1;
    return response;
  }

  async #loaded(): Promise<Answering> {
    const { rules, logger, router } = this.options;
    return { rules, logger, router: await router() };
  }

  /**
   * The reply, of which no more is handed on than the peer takes: a stream, or a large answer.
   * @param begin counts so many bytes; called when it is sent, and what it returns when it was
   */
  #paced(
    request: Request,
    server: Server,
    reply: Reply,
    begin: (bytes: number) => () => void,
  ): Reply {
    const whole = wholeOf(reply.content);
    if (whole !== null && whole.bytes.length <= httpAnswerPieceBytes) {
      return { ...reply, content: { kind: "bytes", ...whole } };
    }
    const allow = (ms: number): void => server.timeout(request, ms / 1000);
    const paced = (content: Content & { readonly kind: "stream" }, bytes: number): Reply => {
      const { open, isQuiet } = content;
      const begun = (): ReadableStream<Uint8Array> => {
        const ended = begin(bytes);
        if (!isQuiet) return watched(open(), { offered() {}, taken() {}, ended });
        allow(0);
        const offered = (): void => allow(streamStalledMsMax);
        return watched(open(), { offered, taken: () => allow(0), ended });
      };
      return { ...reply, content: { ...content, open: begun } };
    };
    if (reply.content.kind === "stream") return paced(reply.content, 0);
    if (whole === null) return reply;
    const { bytes, mediaType } = whole;
    if (this.#unsentBytes + bytes.length > httpUnsentBytesMax) {
      return errorReply(noRoom);
    }
    const open = (): ReadableStream<Uint8Array> => piecesOf(bytes, httpAnswerPieceBytes);
    return paced({ kind: "stream", open, mediaType, isQuiet: true }, bytes.length);
  }

  /** `null`: the runtime could make no address of what was sent. */
  #inbound(request: Request): Inbound | null {
    const url = URL.parse(request.url);
    if (url === null) return null;
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
      url,
      header: (name) => request.headers.get(name),
      headerNames: () => [...request.headers.keys()],
      body: { stream: () => request.body, atOnce: () => request.bytes() },
      system: this.options.system(),
      hasRoom: () => this.#unsentBytes + 2 * httpRecordsBytesMax <= httpUnsentBytesMax,
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

/** Whether it is answered even when there is too much to do: otherwise we would seem dead. */
function isAlways(inbound: Inbound | null, { router }: Answering): boolean {
  if (inbound === null) return false;
  const found = router.find(inbound.method, inbound.url.pathname);
  return found.kind === "route" && found.route.isAlways;
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
