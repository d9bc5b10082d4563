import { expect, test } from "bun:test";
import { visitErrors } from "../../src/kafka/error-count.ts";
import { Fetch } from "../../src/kafka/messages/fetch.ts";
import { DeleteTopics } from "../../src/kafka/messages/topics.ts";
import { Metadata } from "../../src/kafka/messages/metadata.ts";
import { blank, type Row, type Shape } from "../../src/wire/table.ts";

const errorsIn = (shape: Shape, response: Row<Shape>): number[] => {
  const found: number[] = [];
  visitErrors(shape, response, (code) => found.push(code));
  return found;
};

test("every error of a response is found, in whatever list it is, and success is none", () => {
  const { shape } = DeleteTopics.response;
  const row = blank(shape);
  const result = (errorCode: number) => ({ ...row.responses[0], name: "t", errorCode });
  const responses = [result(3), result(0), result(7)] as typeof row.responses;
  expect(errorsIn(shape, { ...row, responses })).toEqual([3, 7]);
});

test("an error of the whole response is found beside those within it", () => {
  const { shape } = Fetch.response;
  const partition = { errorCode: 1 };
  const response = { ...blank(shape), errorCode: 70, responses: [{ partitions: [partition] }] };
  const found = errorsIn(shape, response);
  expect(new Set(found)).toEqual(new Set([1, 70]));
});

test("a response without any has none", () => {
  expect(errorsIn(Metadata.response.shape, blank(Metadata.response.shape))).toEqual([]);
});
