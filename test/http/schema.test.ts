import { describe, expect, test } from "bun:test";
import {
  anything,
  decimal,
  eitherOf,
  flag,
  list,
  mapOf,
  Mismatch,
  named,
  nullable,
  object,
  oneOf,
  optional,
  parameters,
  schemaOf,
  text,
  type Type,
  whole,
} from "../../src/http/schema.ts";

const person = object({
  name: text({ charactersMax: 5 }),
  age: optional(whole({ min: 0, max: 150 })),
  tags: optional(list(oneOf(["a", "b"]), { countMax: 2 })),
});

const mismatch = (type: Type<unknown>, value: unknown): string => {
  const read = type.read(value);
  return read instanceof Mismatch ? read.message : "it fits";
};

describe("what fits is read", () => {
  test.each<[string, Type<unknown>, unknown, unknown]>([
    ["an object", person, { name: "Ann", age: 3 }, { name: "Ann", age: 3 }],
    [
      "null for an optional field is as if left out",
      person,
      { name: "A", age: null },
      { name: "A" },
    ],
    ["a list", person, { name: "A", tags: ["b"] }, { name: "A", tags: ["b"] }],
    ["a map", mapOf(whole()), { x: 1 }, new Map([["x", 1]])],
    ["null where it may be", nullable(text()), null, null],
    ["either", eitherOf(text(), whole()), 5, 5],
    ["anything", anything(), [{}], [{}]],
    ["a number", decimal(), 0.5, 0.5],
    ["a truth", flag(), false, false],
  ])("%s", (_, type, value, expected) => {
    expect(type.read(value)).toEqual(expected);
  });
});

describe("what does not fit is told where it is", () => {
  test.each<[string, Type<unknown>, unknown, string]>([
    ["nothing", person, {}, "name: it is missing; a text"],
    ["another type", person, { name: 1 }, "name: 1 can't be; a text"],
    ["too long", person, { name: "abcdef" }, "name: 6 characters; at most 5"],
    ["half", person, { name: "A", age: 0.5 }, "age: 0.5 can't be; a whole number from 0 to 150"],
    ["above", person, { name: "A", age: 151 }, "age: 151 can't be; a whole number from 0 to 150"],
    ["no word", person, { name: "A", tags: ["c"] }, 'tags[0]: "c" can\'t be; one of a, b'],
    ["too many", person, { name: "A", tags: ["a", "a", "a"] }, "tags: 3 elements; at most 2"],
    ["no list", person, { name: "A", tags: {} }, "tags: an object can't be; a list"],
    ["unknown", person, { nam: "A" }, "nam: there is no such field; known are name, age, tags"],
    ["a list for an object", person, [], "a list can't be; an object"],
    ["null", person, null, "null can't be; an object"],
    ["deep", mapOf(list(flag())), { x: [1] }, "x[0]: 1 can't be; true or false"],
    ["neither", eitherOf(text(), whole()), true, "true can't be; a whole number"],
    ["nothing at all", anything(), undefined, "it is missing"],
    ["a word for a number", decimal(), "1", '"1" can\'t be; a number'],
  ])("%s", (_, type, value, message) => {
    expect(mismatch(type, value)).toBe(message);
  });

  test("a name that nobody described is not found on the prototype", () => {
    expect(mismatch(object({ constructor: optional(text()) }), {})).toBe("it fits");
    expect(mismatch(person, JSON.parse('{"name":"A","__proto__":{"age":"x"}}'))).toStartWith(
      "__proto__: there is no such field",
    );
  });

  test("and shown without anything that a terminal would obey", () => {
    expect(mismatch(person, { name: "A", "\u001b[2J": 1 })).toStartWith("\\u001b[2J: ");
  });
});

describe("parameters are texts", () => {
  const fields = { count: whole(), on: optional(flag()), names: optional(list(text())) };
  const read = (given: Readonly<Record<string, readonly string[]>>) =>
    parameters(fields)((name) => given[name] ?? []);

  test("that are read as what is described", () => {
    expect(read({ count: ["-7"], on: ["true"], names: ["a", "b"] })).toEqual({
      count: -7,
      on: true,
      names: ["a", "b"],
    });
  });

  test.each([
    ["nothing", {}, "count: it is missing; a whole number"],
    ["no number", { count: ["x"] }, 'count: "x" can\'t be; a whole number'],
    ["nothing in it", { count: [""] }, 'count: "" can\'t be; a whole number'],
    ["hexadecimal", { count: ["0x1"] }, 'count: "0x1" can\'t be; a whole number'],
    ["no truth", { count: ["1"], on: ["yes"] }, 'on: "yes" can\'t be; true or false'],
    ["twice", { count: ["1", "2"] }, "count: it is given more than once"],
  ])("%s does not fit", (_, given, message) => {
    const found = read(given);
    expect(found instanceof Mismatch && found.message).toBe(message);
  });
});

describe("the document", () => {
  test("has everything that is checked", () => {
    expect(person.schema).toEqual({
      type: "object",
      properties: {
        name: { type: "string", maxLength: 5 },
        age: { type: "integer", minimum: 0, maximum: 150 },
        tags: { type: "array", items: { type: "string", enum: ["a", "b"] }, maxItems: 2 },
      },
      required: ["name"],
      additionalProperties: false,
    });
  });

  test("refers to what has a name", () => {
    const type = list(named("Person", person), { doc: "Some." });
    expect(type.schema).toEqual({
      type: "array",
      items: { $ref: "#/components/schemas/Person" },
      description: "Some.",
    });
    expect(schemaOf(text({ example: "x" }))).toEqual({ type: "string", examples: ["x"] });
  });
});
