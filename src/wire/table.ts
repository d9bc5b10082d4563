/**
 * The vocabulary of a message table. A table is data: the columns of a message in wire order, each
 * with the versions that carry it. From it derive the static types, readers and writers (codec.ts),
 * ApiVersions, the documentation and the comparison with Kafka's own definitions.
 *
 * The idea is Kafka's (its `common/message/README.md`): a message as a value has no version. It has
 * all columns, and those that a version does not carry hold their default. So there is one type for
 * each message, nothing in it is optional, and every value read has the same shape.
 *
 * Invariants: tables are made once, at load, and never change; nor do the defaults in them.
 */
import { assert } from "../base/assert.ts";

/** Types that always take the same number of bytes, big endian, and what programs see of them. */
export interface FixedTypes {
  bool: boolean;
  int8: number;
  int16: number;
  uint16: number;
  int32: number;
  /** Exact: outside ±2^53 the message is malformed. For what is stored, or given back. */
  int64: number;
  /**
   * Outside ±2^53 the nearest double, which is never a safe integer: for what is only compared or
   * shown (a time, a size, an offset asked for), where any int64 is a fair question.
   */
  roundedInt64: number;
  /** As text, `01234567-89ab-cdef-0123-456789abcdef`. */
  uuid: string;
}

/** Types that begin with a length. */
export interface SizedTypes {
  string: string;
  /** A view of the frame, never a copy. */
  bytes: Uint8Array;
  /** Record batches, as one view of the frame. */
  records: Uint8Array;
  /** Record batches, in pieces that follow one another: what a log hands out goes out as it is. */
  batches: readonly Uint8Array[];
}

/** What a column holds. The elements of a list are never null, and belong to all versions. */
export type Content =
  | { readonly kind: "fixed"; readonly type: keyof FixedTypes }
  | { readonly kind: "sized"; readonly type: keyof SizedTypes }
  | { readonly kind: "struct"; readonly shape: Shape }
  | { readonly kind: "list"; readonly element: Content };

/** Which versions put a column on the wire, and how. Bounds are inclusive. */
export interface Rules {
  readonly since: number;
  readonly until: number;
  /** From this version on it may be null; Infinity: never. */
  readonly nullableSince: number;
  /** Its number among the tagged fields (KIP-482); -1: it has its place among the others. */
  readonly tag: number;
  /** Written as before flexible versions in all of them: only the client id of a header is. */
  readonly inflexible: boolean;
  /** Its value in versions that don't carry it, and where a tagged field is left out. Frozen. */
  readonly fallback: unknown;
}

/** A column, whatever its type. */
export interface AnyColumn {
  readonly type: unknown;
  readonly content: Content;
  readonly rules: Rules;
}

/** Columns by name, in wire order. */
export type Shape = Readonly<Record<string, AnyColumn>>;
/** The values of a shape. */
export type Row<S extends Shape> = { readonly [Name in keyof S]: S[Name]["type"] };

/** One column; `T` is what programs see. Methods return a column with one rule changed. */
class Column<T> implements AnyColumn {
  /** For the compiler only; nothing is stored. */
  declare readonly type: T;

  constructor(
    readonly content: Content,
    readonly rules: Rules,
  ) {}

  since(version: number): Column<T> {
    return this.with<T>({ since: version });
  }

  until(version: number): Column<T> {
    return this.with<T>({ until: version });
  }

  /** May be null from `version` on. Its default stays what it was; see {@link default}. */
  nullable(version = 0): Column<T | null> {
    return this.with<T | null>({ nullableSince: version });
  }

  default(value: T): Column<T> {
    return this.with<T>({ fallback: value });
  }

  tag(tag: number): Column<T> {
    return this.with<T>({ tag });
  }

  inflexible(): Column<T> {
    return this.with<T>({ inflexible: true });
  }

  /** The same bytes under a narrower type: `int64.as<Offset>()`. */
  as<U extends T>(): Column<U> {
    return this.with<U>({});
  }

  private with<U>(change: Partial<Rules>): Column<U> {
    return new Column<U>(this.content, { ...this.rules, ...change });
  }
}

function column<T>(content: Content, fallback: T): Column<T> {
  return new Column<T>(content, {
    since: 0,
    until: Infinity,
    nullableSince: Infinity,
    tag: -1,
    inflexible: false,
    fallback,
  });
}

type Fixed<Type extends keyof FixedTypes> = Column<FixedTypes[Type]>;
type Sized<Type extends keyof SizedTypes> = Column<SizedTypes[Type]>;

const fixed = <Type extends keyof FixedTypes>(
  type: Type,
  fallback: FixedTypes[Type],
): Fixed<Type> => column({ kind: "fixed", type }, fallback);

const sized = <Type extends keyof SizedTypes>(
  type: Type,
  fallback: SizedTypes[Type],
): Sized<Type> => column({ kind: "sized", type }, fallback);

/** The UUID that stands for none. */
export const noUuid = "00000000-0000-0000-0000-000000000000";

const noBytes = Object.freeze(new Uint8Array(0));
const noElements: readonly never[] = Object.freeze([]);

export const bool = fixed("bool", false);
export const int8 = fixed("int8", 0);
export const int16 = fixed("int16", 0);
export const uint16 = fixed("uint16", 0);
export const int32 = fixed("int32", 0);
export const int64 = fixed("int64", 0);
export const roundedInt64 = fixed("roundedInt64", 0);
export const uuid = fixed("uuid", noUuid);
export const string = sized("string", "");
export const bytes = sized("bytes", noBytes);
export const records = sized("records", noBytes);
export const batches = sized("batches", noElements);

/** Columns within a column. */
export function struct<S extends Shape>(shape: S): Column<Row<S>> {
  return column({ kind: "struct", shape }, blank(shape));
}

/** Any number of one scalar, or of one shape. */
export function list<T>(element: Column<T>): Column<readonly T[]>;
export function list<S extends Shape>(element: S): Column<readonly Row<S>[]>;
export function list(element: Column<unknown> | Shape): Column<readonly unknown[]> {
  if (!(element instanceof Column)) {
    return column({ kind: "list", element: { kind: "struct", shape: element } }, noElements);
  }
  assert(element.rules.nullableSince === Infinity, "elements of lists are never null");
  return column({ kind: "list", element: element.content }, noElements);
}

/** A row in which every column has its default. Frozen. */
export function blank<S extends Shape>(shape: S): Row<S> {
  const defaults = Object.entries(shape).map(([name, { rules }]) => [name, rules.fallback]);
  return Object.freeze(Object.fromEntries(defaults)) as Row<S>;
}

/** Oldest and newest, both included. */
export type Versions = readonly [oldest: number, newest: number];

/** One message in all its versions. */
export interface Table<S extends Shape = Shape> {
  /** Kafka's name for it. */
  readonly name: string;
  readonly versions: Versions;
  /** From this version on: compact lengths and tagged fields (KIP-482). Infinity: never. */
  readonly flexibleSince: number;
  readonly shape: S;
}

/** A request and its response: always of the same version. */
export interface Api<Q extends Shape = Shape, R extends Shape = Shape> {
  readonly name: string;
  readonly key: number;
  /** What is served. */
  readonly versions: Versions;
  /** What ApiVersions says. The same, except where clients conclude from it what is not so. */
  readonly advertised: Versions;
  readonly flexibleSince: number;
  readonly request: Table<Q>;
  readonly response: Table<R>;
}

/** The values of an API's request. */
export type RequestOf<A extends { readonly request: { readonly shape: Shape } }> = Row<
  A["request"]["shape"]
>;
/** The values of its response. */
export type ResponseOf<A extends { readonly response: { readonly shape: Shape } }> = Row<
  A["response"]["shape"]
>;

/** @param about `flexible` left out: no version is */
export function message<S extends Shape>(
  about: { readonly name: string; readonly versions: Versions; readonly flexible?: number },
  shape: S,
): Table<S> {
  const { name, versions, flexible = Infinity } = about;
  return { name, versions, flexibleSince: flexible, shape };
}

/**
 * @param about `flexible` left out: no version is; `advertised` left out: as served
 * @param request Kafka calls it `<name>Request`
 * @param response and this one `<name>Response`
 */
export function api<Q extends Shape, R extends Shape>(
  about: {
    readonly name: string;
    readonly key: number;
    readonly versions: Versions;
    readonly advertised?: Versions;
    readonly flexible?: number;
  },
  request: Q,
  response: R,
): Api<Q, R> {
  const { name, key, versions, advertised = versions, flexible = Infinity } = about;
  return {
    name,
    key,
    versions,
    advertised,
    flexibleSince: flexible,
    request: message({ name: `${name}Request`, versions, flexible }, request),
    response: message({ name: `${name}Response`, versions, flexible }, response),
  };
}
