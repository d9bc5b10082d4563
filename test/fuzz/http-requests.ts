/**
 * HTTP requests as text, and made of the routes' own descriptions: every route is asked, with
 * bodies that its schema allows, more or less.
 *
 *     METHOD path?query
 *     header: value
 *
 *     body
 */
import type { Random } from "../../src/base/random.ts";
import { topicConfigNames } from "../../src/broker/topic-config-table.ts";
import type { Route } from "../../src/http/route.ts";
import type { JsonSchema, Type } from "../../src/http/schema.ts";
import { mutated, oneOf } from "./mutate.ts";

/** One request, as it was written. */
export interface Written {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `null`: there is none. */
  readonly body: Uint8Array | null;
}

/** Reads the form above; what is no header is left out. */
export function readWritten(input: Uint8Array): Written {
  const blank = Buffer.from(input).indexOf("\n\n");
  const end = blank < 0 ? input.length : blank;
  const [line = "", ...lines] = Buffer.from(input.subarray(0, end)).toString("latin1").split("\n");
  const cut = line.indexOf(" ");
  const headers = lines.flatMap((each) => {
    const colon = each.indexOf(":");
    return colon < 0 ? [] : [[each.slice(0, colon).trim(), each.slice(colon + 1).trim()] as const];
  });
  const body = blank < 0 || end + 2 === input.length ? null : input.slice(end + 2);
  return { method: line.slice(0, cut), path: line.slice(cut + 1), headers, body };
}

/** Names that mean something to a broker of the target, and some that should not. */
const names = ["t", "t", "t", "compact", "g", "0", "1", "-", "i", "latest", "earliest"];
const strange = [
  ...["-1", "99999999999999999999", "1e3", "null", "", " ", "é", "%", "%2e%2e", "../..", "a/b"],
  ...["__proto__", "constructor", "toString", "\u0000", "\ud800", "x".repeat(300), "[".repeat(600)],
  ...["AAEC", "2026-01-01T00:00:00Z", "binary", "json", "avro", "read_committed"],
];
const numbers = [0, 1, 2, 3, 10, -1, 0.5, 1e300, 2 ** 53, 2 ** 31, -0, 100_000];

const word = (random: Random): string => oneOf(random, random.below(5) === 0 ? strange : names);

/** See the head of this file. */
export class HttpRequests {
  constructor(
    private readonly routes: readonly Route[],
    private readonly clusterId: string,
  ) {}

  any(random: Random): Uint8Array {
    const route = oneOf(random, this.routes);
    const method = random.below(30) === 0 ? oneOf(random, ["HEAD", "OPTIONS", "X"]) : route.method;
    const path = route.at.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      return encode(name === "cluster_id" ? this.clusterId : this.#named(random, name));
    });
    const query = Object.keys(route.query).flatMap((name) =>
      random.below(3) === 0 ? [`${name}=${encode(this.#named(random, name))}`] : [],
    );
    if (random.below(20) === 0) query.push(`${encode(word(random))}=${encode(word(random))}`);
    const head = `${method} ${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
    const lines = [head, "host: localhost", ...this.#headers(random, route)];
    const body = route.method === "GET" ? "" : this.#body(random, route);
    const rest = body === "" ? [] : ["", body];
    const bytes = new Uint8Array(Buffer.from([...lines, ...rest].join("\n"), "utf8"));
    return random.below(5) === 0 ? mutated(bytes, random) : bytes;
  }

  #named(random: Random, name: string): string {
    if (random.below(6) === 0) return word(random);
    if (/config|^name$/.test(name)) return oneOf(random, topicConfigNames);
    if (/broker_id/.test(name)) return "1";
    if (/partition|replica/.test(name)) return oneOf(random, ["0", "1", "0"]);
    if (/group/.test(name)) return "g";
    if (/instance|consumer/.test(name)) return "i";
    if (/offset|limit|size|max|timeout|ms$/.test(name))
      return oneOf(random, ["0", "1", "3", "1000"]);
    return word(random);
  }

  #headers(random: Random, route: Route): string[] {
    const lines: string[] = [];
    const [usual = "application/json"] = route.body.mediaTypes;
    const type = random.below(8) === 0 ? oneOf(random, ["text/plain", "x", "a/b;c=d"]) : usual;
    const known = random.below(3) === 0 ? oneOf(random, route.body.mediaTypes) : type;
    if (route.body.kind !== "none") lines.push(`content-type: ${known === "*/*" ? "a/b" : known}`);
    if (random.below(10) === 0)
      lines.push(`accept: ${oneOf(random, ["*/*", "x", "text/html;q=2"])}`);
    for (const name of Object.keys(route.headers)) {
      if (random.below(4) === 0) lines.push(`${name}: ${this.#named(random, name)}`);
    }
    const rare = ["ce-specversion: 1.0", "origin: http://evil", "content-encoding: gzip"];
    if (random.below(15) === 0) lines.push(oneOf(random, rare));
    if (random.below(30) === 0) lines.push(`if-none-match: ${word(random)}`);
    return lines;
  }

  #body(random: Random, { body: { type } }: Route): string {
    if (random.below(12) === 0) return "";
    if (type === null) return word(random);
    const value = new JsonFor(random, type).value(type.schema, 0);
    const text = JSON.stringify(value) ?? "";
    // A streamed body has several values.
    return random.below(6) === 0 ? `${text}\n${text}` : text;
  }
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

/** JSON that a schema allows, more often than not. */
class JsonFor {
  readonly #named = new Map<string, JsonSchema>();

  constructor(
    private readonly random: Random,
    type: Type<unknown>,
  ) {
    this.#collect(type);
  }

  value(schema: JsonSchema, depth: number): unknown {
    const { random } = this;
    if (random.below(25) === 0 || depth > 8) return this.#strange();
    const { $ref, type, enum: choices, anyOf, oneOf: cases } = schema;
    if (typeof $ref === "string") {
      return this.value(this.#named.get($ref.split("/").at(-1) ?? "") ?? {}, depth + 1);
    }
    if ("const" in schema) return schema["const"];
    if (Array.isArray(choices)) return oneOf(random, choices);
    const several = (anyOf ?? cases) as JsonSchema[] | undefined;
    if (several !== undefined) return this.value(oneOf(random, several), depth + 1);
    if (type === "object") return this.#object(schema, depth);
    if (type === "array") {
      const items = (schema["items"] ?? {}) as JsonSchema;
      return Array.from({ length: random.below(4) }, () => this.value(items, depth + 1));
    }
    if (type === "boolean") return random.below(2) === 0;
    if (type === "integer" || type === "number") return oneOf(random, [...numbers, 0, 1, 1]);
    if (type === "string") return word(random);
    return this.#strange();
  }

  #object(schema: JsonSchema, depth: number): unknown {
    const { random } = this;
    const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
    const required = (schema["required"] ?? []) as string[];
    const entries = properties.flatMap(([name, of]) => {
      const isThere = required.includes(name) ? random.below(20) > 0 : random.below(2) === 0;
      return isThere ? [[name, this.#property(name, of, depth)] as const] : [];
    });
    const more = schema["additionalProperties"];
    if (typeof more === "object" && more !== null) {
      const name = random.below(2) === 0 ? oneOf(random, topicConfigNames) : word(random);
      entries.push([name, this.value(more as JsonSchema, depth + 1)]);
    }
    if (random.below(30) === 0) entries.push([word(random), this.#strange()]);
    return Object.fromEntries(entries);
  }

  #property(name: string, schema: JsonSchema, depth: number): unknown {
    const { random } = this;
    const isText = schema["type"] === "string" && schema["enum"] === undefined;
    if (isText && /name/.test(name) && random.below(2) === 0) {
      return oneOf(random, ["t", "new", "compact", ...topicConfigNames.slice(0, 4)]);
    }
    return this.value(schema, depth + 1);
  }

  #strange(): unknown {
    const { random } = this;
    const one = oneOf(random, [null, true, {}, [], ...numbers, ...strange]);
    return random.below(3) === 0 ? [one, { data: one, type: word(random) }] : one;
  }

  #collect(type: Type<unknown>): void {
    if (type.name !== null) {
      if (this.#named.has(type.name)) return;
      this.#named.set(type.name, type.schema);
    }
    for (const part of type.parts) this.#collect(part);
  }
}
