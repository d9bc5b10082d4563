/** What benchmarks need of others: brokers to compare with, and generators of load. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Kit, keptKit, mavenRecipe, packageList, type Recipe } from "../kit.ts";

/** librdkafka's own load generator, as Debian's `librdkafka-dev` ships it. */
const exampleFolder = "/usr/share/doc/librdkafka-dev/examples";

const native = (name: string): string =>
  readFileSync(join(import.meta.dir, "native", name), "utf8");

const recipes = {
  kafka: mavenRecipe({
    "org.apache.kafka:kafka_2.13": "4.3.0",
    "org.apache.kafka:kafka-tools": "4.3.0",
    "org.slf4j:slf4j-nop": "1.7.36",
  }),
  nats: {
    packages: {
      "github.com/nats-io/nats-server/v2": "v2.14.5",
      "github.com/nats-io/natscli/nats": "v0.4.0",
    },
    programs: ["go"],
    commands: (packages) =>
      packageList("@")(packages).map((module) => {
        return ["sh", "-c", `GOBIN="$KIT" exec go install ${module}`];
      }),
  },
  redis: {
    packages: { "redis-server": "any" },
    programs: [],
    commands: () => [["sh", "-c", installed("redis-server", "redis-server")]],
  },
  generators: {
    packages: { "librdkafka-dev": "any" },
    programs: ["cc"],
    files: () => ({ "paced.c": native("paced.c"), "rd.h": native("rd.h") }),
    commands: () => [
      ["sh", "-c", installed("/usr/include/librdkafka/rdkafka.h", "librdkafka-dev")],
      ["cc", "-O2", "-pthread", "-o", "paced", "paced.c", "-lrdkafka"],
      ["sh", "-c", `mkdir src examples && cp rd.h src/ && : > src/rdtime.h`],
      ["sh", "-c", `zcat -f ${exampleFolder}/rdkafka_performance.c* > examples/performance.c`],
      [
        ...["cc", "-O2", "-w", "-Isrc", "-I/usr/include/librdkafka", "-o", "rdkafka_performance"],
        ...["examples/performance.c", "-lrdkafka", "-lm"],
      ],
    ],
  },
} satisfies Record<string, Recipe>;

export type KitName = keyof typeof recipes;
export const kitNames = Object.keys(recipes) as KitName[];

/** Installs a Debian package unless a program, or a file, is there. */
function installed(sought: string, packageName: string): string {
  const isThere = sought.startsWith("/") ? `test -e ${sought}` : `command -v ${sought}`;
  return `${isThere} || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq ${packageName}`;
}

/** For one command, on a slow line. */
const commandMsMax = 600_000;

/** Kits that are kept in a cache; only those that it is told to install are fetched. */
export class Kits {
  readonly #kits = new Map<KitName, Kit>();

  private constructor() {}

  static async open(cache: string, install: readonly KitName[]): Promise<Kits> {
    const made = new Kits();
    for (const name of kitNames) {
      const otherwise = `not installed: --install ${name}`;
      const mayFetch = install.includes(name) ? true : { otherwise };
      made.#kits.set(name, await keptKit(recipes[name], { cache, name, commandMsMax }, mayFetch));
    }
    return made;
  }

  /** Why a kit can't be used; `null` if it can. */
  missing(name: KitName): string | null {
    const kit = this.#kits.get(name);
    if (name === "redis" && Bun.which("redis-server") !== null) return null;
    return kit === undefined || "missing" in kit ? (kit?.missing ?? name) : null;
  }

  /** A file of a kit that is there. */
  path(name: KitName, file: string): string {
    const kit = this.#kits.get(name);
    if (kit === undefined || "missing" in kit) throw new Error(`${name}: ${kit?.missing}`);
    const path = join(kit.folder, file);
    if (!file.includes("*") && !existsSync(path)) throw new Error(`${path} is not there`);
    return path;
  }
}
