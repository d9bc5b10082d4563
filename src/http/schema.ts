/**
 * What JSON may look like, described once: from a description come the check of what a client
 * sends, its TypeScript type, and its JSON Schema (2020-12) in the OpenAPI document.
 *
 * A field that is unknown is a mismatch: a slip of the pen would otherwise silently do nothing.
 * An optional field may be left out or `null`, which clients in Java write for "left out".
 */
import { quoted } from "../base/printable.ts";
import { shownCharactersMax } from "../limits.ts";

/** A JSON Schema, as it stands in the document. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is wrong, and where: `records[3].key`; nowhere, if it is the value itself. */
export class Mismatch {
  constructor(
    readonly where: string,
    readonly what: string,
  ) {}

  get message(): string {
    return this.where === "" ? this.what : `${this.where}: ${this.what}`;
  }

  /** The same as seen from the object whose field the value is, */
  inField(name: string): Mismatch {
    return this.#below(quoted(name, shownCharactersMax).slice(1, -1));
  }

  /** or from the list whose element it is. */
  inElement(at: number): Mismatch {
    return this.#below(`[${at}]`);
  }

  #below(step: string): Mismatch {
    const joint = this.where === "" || this.where.startsWith("[") ? "" : ".";
    return new Mismatch(step + joint + this.where, this.what);
  }
}

/** One description. */
export interface Type<T> {
  readonly schema: JsonSchema;
  /** What it is called in the document; `null`: it stands where it is used. */
  readonly name: string | null;
  /** The descriptions that it is made of. */
  readonly parts: readonly Type<unknown>[];
  readonly isOptional: boolean;
  /** Checks a JSON value. */
  read(value: unknown): T | Mismatch;
}

/** A field that may be left out. */
export type OptionalType<T> = Type<T> & { readonly isOptional: true };

/** What a description describes. */
export type ValueOf<D> = D extends Type<infer T> ? T : never;

/** Descriptions by name: the fields of an object, or the parameters of a request. */
export type Fields = Readonly<Record<string, Type<unknown>>>;

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly isOptional: true } ? K : never;
}[keyof F];

/** The values of {@link Fields}. */
export type ValuesOf<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalKeys<F>>]: ValueOf<F[K]>;
} & { readonly [K in OptionalKeys<F>]?: ValueOf<F[K]> };

/** Words about a description, for the document. */
export interface About {
  readonly doc?: string;
  readonly example?: unknown;
}

function type<T>(
  schema: JsonSchema,
  read: Type<T>["read"],
  about: About = {},
  parts: readonly Type<unknown>[] = [],
): Type<T> {
  const { doc, example } = about;
  const described = {
    ...schema,
    ...(doc === undefined ? {} : { description: doc }),
    ...(example === undefined ? {} : { examples: [example] }),
  };
  return { schema: described, name: null, parts, isOptional: false, read };
}

/** How a description stands inside another one. */
export const schemaOf = (of: Type<unknown>): JsonSchema =>
  of.name === null ? of.schema : { $ref: `#/components/schemas/${of.name}` };

const shown = (value: unknown): string => {
  if (typeof value === "string") return quoted(value, shownCharactersMax);
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "a list" : "an object";
};

const missing = (value: unknown): string =>
  value === undefined ? "it is missing" : `${shown(value)} can't be`;

/** A text of at most so many UTF-16 units. */
export const text = (about: About & { readonly charactersMax?: number } = {}): Type<string> => {
  const { charactersMax } = about;
  const bound = charactersMax === undefined ? {} : { maxLength: charactersMax };
  return type(
    { type: "string", ...bound },
    (value) => {
      if (typeof value !== "string") return mismatch(`${missing(value)}; a text`);
      if (charactersMax === undefined || value.length <= charactersMax) return value;
      return mismatch(`${value.length} characters; at most ${charactersMax}`);
    },
    about,
  );
};

/** A whole number, both edges allowed; by default any that a double holds exactly. */
export const whole = (
  about: About & { readonly min?: number; readonly max?: number } = {},
): Type<number> => {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = about;
  const bounds = {
    ...(about.min === undefined ? {} : { minimum: min }),
    ...(about.max === undefined ? {} : { maximum: max }),
  };
  return type(
    { type: "integer", ...bounds },
    (value) => {
      const isWhole = typeof value === "number" && Number.isSafeInteger(value);
      if (isWhole && value >= min && value <= max) return value;
      const edges = Object.keys(bounds).length === 0 ? "" : ` from ${min} to ${max}`;
      return mismatch(`${missing(value)}; a whole number${edges}`);
    },
    about,
  );
};

/** Any number. */
export const decimal = (about: About = {}): Type<number> =>
  type(
    { type: "number" },
    (value) => (typeof value === "number" ? value : mismatch(`${missing(value)}; a number`)),
    about,
  );

export const flag = (about: About = {}): Type<boolean> =>
  type(
    { type: "boolean" },
    (value) => (typeof value === "boolean" ? value : mismatch(`${missing(value)}; true or false`)),
    about,
  );

/** One of a few texts. */
export const oneOf = <const V extends string>(values: readonly V[], about: About = {}): Type<V> =>
  type(
    { type: "string", enum: values },
    (value) =>
      values.find((each) => each === value) ??
      mismatch(`${missing(value)}; one of ${values.join(", ")}`),
    about,
  );

/** Any JSON, `null` included. */
export const anything = (about: About = {}): Type<unknown> =>
  type({}, (value) => (value === undefined ? mismatch("it is missing") : value), about);

/** A list; every element is checked. */
export const list = <T>(
  of: Type<T>,
  about: About & { readonly countMax?: number } = {},
): Type<readonly T[]> => {
  const { countMax = Infinity } = about;
  const bound = about.countMax === undefined ? {} : { maxItems: countMax };
  return type(
    { type: "array", items: schemaOf(of), ...bound },
    (value) => {
      if (!Array.isArray(value)) return mismatch(`${missing(value)}; a list`);
      if (value.length > countMax) {
        return mismatch(`${value.length} elements; at most ${countMax}`);
      }
      const read: T[] = [];
      for (const [at, element] of value.entries()) {
        const one = of.read(element);
        if (one instanceof Mismatch) return one.inElement(at);
        read.push(one);
      }
      return read;
    },
    about,
    [of],
  );
};

/** An object from any names to one kind of value. */
export const mapOf = <T>(of: Type<T>, about: About = {}): Type<ReadonlyMap<string, T>> =>
  type(
    { type: "object", additionalProperties: schemaOf(of) },
    (value) => {
      if (!isObject(value)) return mismatch(`${missing(value)}; an object`);
      const read = new Map<string, T>();
      for (const [name, each] of Object.entries(value)) {
        const one = of.read(each);
        if (one instanceof Mismatch) return one.inField(name);
        read.set(name, one);
      }
      return read;
    },
    about,
    [of],
  );

/** `null`, or what is described. */
export const nullable = <T>(of: Type<T>, about: About = {}): Type<T | null> =>
  type(
    { anyOf: [schemaOf(of), { type: "null" }] },
    (value) => (value === null ? null : of.read(value)),
    about,
    [of],
  );

/** What one of two descriptions describes, the first that fits. */
export const eitherOf = <A, B>(one: Type<A>, other: Type<B>, about: About = {}): Type<A | B> =>
  type<A | B>(
    { anyOf: [schemaOf(one), schemaOf(other)] },
    (value) => {
      const read = one.read(value);
      return read instanceof Mismatch ? other.read(value) : read;
    },
    about,
    [one, other],
  );

/** A field that may be left out. */
export const optional = <T>(of: Type<T>): OptionalType<T> => ({ ...of, isOptional: true });

/** An object of exactly these fields. */
export function object<const F extends Fields>(fields: F, about: About = {}): Type<ValuesOf<F>> {
  const entries = Object.entries(fields);
  const required = entries.filter(([, { isOptional }]) => !isOptional).map(([name]) => name);
  const schema = {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, of]) => [name, schemaOf(of)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  const read = (value: unknown): ValuesOf<F> | Mismatch => {
    if (!isObject(value)) return mismatch(`${missing(value)}; an object`);
    for (const name in value) {
      if (Object.hasOwn(fields, name)) continue;
      const known = Object.keys(fields).join(", ");
      return mismatch(`there is no such field; known are ${known}`).inField(name);
    }
    return readFields<F>(entries, value);
  };
  return type(schema, read, about, Object.values(fields));
}

type Entries = readonly (readonly [name: string, of: Type<unknown>])[];

function readFields<F extends Fields>(
  entries: Entries,
  value: Readonly<Record<string, unknown>>,
): ValuesOf<F> | Mismatch {
  const read: Record<string, unknown> = {};
  for (const [name, of] of entries) {
    const given = Object.hasOwn(value, name) ? value[name] : undefined;
    if (of.isOptional && (given === undefined || given === null)) continue;
    const one = of.read(given);
    if (one instanceof Mismatch) return one.inField(name);
    read[name] = one;
  }
  return read as ValuesOf<F>;
}

/** The same description under a name of its own in the document. */
export const named = <T>(name: string, of: Type<T>): Type<T> => ({ ...of, name });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What is wrong with a value; where it is, whoever looks at it knows. */
const mismatch = (what: string): Mismatch => new Mismatch("", what);

/** What these texts are in JSON, as the description has it; a list takes all of them. */
function jsonOf(schema: JsonSchema, texts: readonly string[]): unknown {
  const [first = "", ...more] = texts;
  switch (schema["type"]) {
    case "array":
      return texts.map((each) => jsonOf(schema["items"] as JsonSchema, [each]));
    case "integer":
      return more.length === 0 && /^-?\d{1,16}$/.test(first) ? Number(first) : texts.join();
    case "boolean":
      return first === "true" ? true : first === "false" ? false : first;
    default:
      return first;
  }
}

/** Reads parameters. @param texts all values of a name; none: it was not given */
type ReadParameters<F extends Fields> = (
  texts: (name: string) => readonly string[],
) => ValuesOf<F> | Mismatch;

/**
 * Reads parameters, which are texts, by their descriptions. A name that comes twice is a mismatch,
 * unless it is a list.
 */
export function parameters<F extends Fields>(fields: F): ReadParameters<F> {
  const entries = Object.entries(fields);
  return (texts) => {
    const values: Record<string, unknown> = {};
    for (const [name, of] of entries) {
      const given = texts(name);
      if (given.length === 0) continue;
      if (given.length > 1 && of.schema["type"] !== "array") {
        return mismatch("it is given more than once").inField(name);
      }
      values[name] = jsonOf(of.schema, given);
    }
    return readFields<F>(entries, values);
  };
}
