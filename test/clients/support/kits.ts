/**
 * Other people's clients, each in the version that the tests are about, fetched from where its
 * language keeps its packages, and kept in `node_modules/.cache`.
 *
 * Only CI fetches and uses them, since that takes minutes: `CI=true npm test -- clients`.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type Kit, keptKit, mavenRecipe, packageList } from "../../../scripts/kit.ts";
import type { Packages, Recipe } from "../../../scripts/kit.ts";

const programs = join(import.meta.dir, "..", "programs");
const cache = join(import.meta.dir, "..", "..", "..", "node_modules", ".cache", "obelisk-clients");
/** For one kit, on a slow line. */
const fetchMsMax = 240_000;

const pipInstall = (packages: Packages): string[] => [
  ...["python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
  ...["--only-binary=:all:", "--no-deps", "--target", "lib", ...packageList("==")(packages)],
];

/** By the language of the clients; `rest`: those of HTTP. */
export const recipes = {
  javascript: {
    packages: { kafkajs: "2.2.4", "@platformatic/kafka": "1.35.0" },
    programs: ["node"],
    files: () => ({ "package.json": "{}\n" }),
    commands: (packages) => [
      [process.execPath, "add", "--exact", "--ignore-scripts", ...packageList("@")(packages)],
    ],
  },
  python: {
    packages: { "confluent-kafka": "2.16.1" },
    programs: ["python3"],
    commands: (packages) => [pipInstall(packages)],
  },
  rest: {
    packages: {
      "nlp-kafka-rest-api": "1.0.0",
      requests: "2.34.2",
      urllib3: "2.8.0",
      idna: "3.20",
      certifi: "2026.10.19.post1",
      "charset-normalizer": "3.5.2",
    },
    programs: ["python3"],
    commands: (packages) => [pipInstall(packages)],
  },
  java: mavenRecipe({
    "org.apache.kafka:kafka_2.13": "4.3.0",
    "org.apache.kafka:kafka-tools": "4.3.0",
    "org.slf4j:slf4j-nop": "1.7.36",
  }),
  go: {
    packages: {
      "github.com/twmb/franz-go": "v1.22.3",
      "github.com/twmb/franz-go/pkg/kadm": "v1.19.0",
    },
    programs: ["go"],
    files: (packages) => ({
      "main.go": fs.readFileSync(join(programs, "franz.go"), "utf8"),
      "go.mod": `module clients\n\nrequire (\n${packageList(" ")(packages)
        .map((line) => `\t${line}\n`)
        .join("")})\n`,
    }),
    commands: () => [
      ["go", "mod", "tidy"],
      ["go", "build", "-o", "franz", "."],
    ],
  },
} satisfies Record<string, Recipe>;

export type KitName = keyof typeof recipes;

/** The kit of that name in CI; fetched if it is not there. */
export async function kit(name: KitName): Promise<Kit> {
  const recipe: Recipe = recipes[name];
  if (process.env["CI"] === undefined) {
    const packages = packageList(" ")(recipe.packages).join(", ");
    return { missing: `set CI=true to fetch ${packages}` };
  }
  return await keptKit(recipe, { cache, name, commandMsMax: fetchMsMax }, true);
}
