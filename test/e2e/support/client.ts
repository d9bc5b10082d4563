/** Asks one thing after the other over one connection of the original protocol. */
import { encodeFrame } from "../../../src/native/frame.ts";
import { Peer } from "../../support/peer.ts";
import type { ProducerHistory } from "./history.ts";
import { untilWithin } from "./within.ts";

/** No answer takes longer than this, whatever it says. */
const answerMsMax = 10_000;

/** See the head of this file. */
export class Client implements Disposable {
  #answers = 0;

  private constructor(readonly peer: Peer) {}

  static async connect(port: number): Promise<Client> {
    return new Client(await Peer.connect(port));
  }

  /** Sends bytes that are one frame; what it is answered, without the line break. */
  async ask(frame: Uint8Array | string): Promise<string> {
    const before = this.#answers;
    this.peer.send(frame);
    await untilWithin(answerMsMax, "an answer", () => {
      this.#answers = this.peer.text.split("\n").length - 1;
      return this.#answers > before || this.peer.ended;
    });
    return this.peer.text.split("\n")[before] ?? "";
  }

  /** Sends the producer's next record, and notes in its history what it is answered. */
  async produce(producer: ProducerHistory, topic: string, valueBytes: number): Promise<string> {
    const number = producer.send(topic, false, valueBytes);
    const answer = await this.ask(encodeFrame(producer.message(number)));
    if (answer === "OK") producer.answered(number, "acknowledged");
    else if (answer.startsWith("NACK:")) producer.answered(number, "refused");
    return answer;
  }

  [Symbol.dispose](): void {
    this.peer.terminate();
  }
}
