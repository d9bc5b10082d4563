/** A reader of a stream over WebSocket: what it was told, in order. */
import { until } from "../../support/until.ts";

/** One message of the broker. */
export interface StreamMessage {
  readonly type: string;
  readonly position?: string;
  readonly records?: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

/** See the head of this file. */
export class SocketReader implements AsyncDisposable {
  readonly messages: StreamMessage[] = [];
  /** Once it is closed. */
  code: number | null = null;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener("message", ({ data }) => {
      this.messages.push(JSON.parse(String(data)) as StreamMessage);
    });
    socket.addEventListener("close", ({ code }) => (this.code = code));
  }

  /** Opens the stream. @param url as of HTTP */
  static async open(url: string): Promise<SocketReader> {
    const reader = new SocketReader(new WebSocket(url.replace(/^http/, "ws")));
    await until(() => reader.messages.length > 0 || reader.code !== null);
    return reader;
  }

  of(type: string): readonly StreamMessage[] {
    return this.messages.filter((message) => message.type === type);
  }

  get records(): readonly Record<string, unknown>[] {
    return this.of("records").flatMap(({ records = [] }) => records);
  }

  get values(): readonly unknown[] {
    return this.records.map(({ value }) => (value as { readonly data: unknown } | null)?.data);
  }

  /** The newest position that it was told. */
  get position(): string {
    return this.messages.findLast(({ position }) => position !== undefined)?.position ?? "";
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await until(() => this.code !== null);
  }
}
