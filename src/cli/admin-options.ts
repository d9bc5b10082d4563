/** What the commands about topics and groups have in common: whom they ask, and their form. */
import type { About, Option } from "./option.ts";
import { defineOption } from "./option.ts";
import { toggle } from "./option-kinds.ts";
import { clusterOptions } from "./kafka-cluster.ts";

/** In the table of each of them. */
export const adminOptions = {
  ...clusterOptions,
  json: toggle({ help: "Print JSON, on one line" }),
};

/** Of those that change something. */
export const dryRun = toggle({
  help: "Change nothing; say what would be done, or why it can't be",
});

/** Of those that remove what nothing brings back. */
export const yes = toggle({ help: "Don't ask; needed where there is no terminal to ask on" });

/** Said by each of them. */
export const adminDetail =
  "Speaks Kafka's protocol: with the brokers of --broker, or without that option with the broker " +
  "of the data directory, over the socket in it. If none runs there, the command takes the " +
  "directory for a moment.";

/** The name and the value of a configuration. */
export type Setting = readonly [name: string, value: string];

/** `name=value`; the value may be empty, and may have more of `=`. */
export const setting = (about: About<Setting>): Option<Setting> =>
  defineOption<Setting, Setting>(
    {
      placeholder: "<name>=<value>",
      expected: "a name and a value, as segment.bytes=67108864",
      range: null,
      parse(given) {
        const equals = given.indexOf("=");
        return equals < 1 ? undefined : [given.slice(0, equals), given.slice(equals + 1)];
      },
      show: ([name, value]) => `${name}=${value}`,
    },
    about,
  );

/** A name that is there twice; `null`: none is. */
export const twiceIn = (names: readonly string[]): string | null =>
  names.find((name, at) => names.indexOf(name) !== at) ?? null;
