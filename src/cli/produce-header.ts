/** A header of all records, as an option: `name=value`. */
import type { ProducerHeader } from "../client/kafka/producer-record.ts";
import { defineOption, type About, type Option } from "./option.ts";

/** What stands before the first `=` is the name. */
export const header = (about: About<never>): Option<ProducerHeader> =>
  defineOption<ProducerHeader, never>(
    {
      placeholder: "<name>=<value>",
      expected: "a name and a value, as trace=4711",
      range: null,
      parse(given) {
        const equals = given.indexOf("=");
        return equals < 1
          ? undefined
          : { key: given.slice(0, equals), value: given.slice(equals + 1) };
      },
      show: ({ key, value }) => `${key}=${String(value)}`,
    },
    about,
  );
