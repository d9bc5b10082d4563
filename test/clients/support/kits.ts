/**
 * Other people's clients, each in the version that the tests are about, fetched from where its
 * language keeps its packages. A kit is kept in `node_modules/.cache`, under a name that has its
 * versions, and is whole or not there: it is filled beside its place and then renamed.
 *
 * Only CI fetches and uses them, since that takes minutes: `CI=true npm test -- clients`.
 */
import fs from "node:fs";
import { join } from "node:path";

/** A kit that can be used, or why it can't. */
export type Kit = { readonly folder: string } | { readonly missing: string };

/** How one is made. */
interface Recipe {
  /** What it holds: package and version. */
  readonly packages: Readonly<Record<string, string>>;
  /** Programs that must be there to fetch it and to use it. */
  readonly programs: readonly string[];
  /** Files to write first; then the commands to run in the folder. */
  readonly files?: (packages: Readonly<Record<string, string>>) => Record<string, string>;
  readonly commands: (packages: Readonly<Record<string, string>>) => readonly string[][];
}

const programs = join(import.meta.dir, "..", "programs");
const cache = join(import.meta.dir, "..", "..", "..", "node_modules", ".cache", "obelisk-clients");
/** For one kit, on a slow line. */
const fetchMsMax = 240_000;

const at = (separator: string) => (packages: Readonly<Record<string, string>>) =>
  Object.entries(packages).map(([name, version]) => `${name}${separator}${version}`);

const pipInstall = (packages: Readonly<Record<string, string>>): string[] => [
  ...["python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
  ...["--only-binary=:all:", "--no-deps", "--target", "lib", ...at("==")(packages)],
];

/** By the language of the clients; `rest`: those of HTTP. */
export const recipes = {
  javascript: {
    packages: { kafkajs: "2.2.4", "@platformatic/kafka": "1.35.0" },
    programs: ["node"],
    files: () => ({ "package.json": "{}\n" }),
    commands: (packages) => [
      [process.execPath, "add", "--exact", "--ignore-scripts", ...at("@")(packages)],
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
  java: {
    packages: {
      "org.apache.kafka:kafka_2.13": "4.3.0",
      "org.apache.kafka:kafka-tools": "4.3.0",
      "org.slf4j:slf4j-nop": "1.7.36",
    },
    programs: ["java", "mvn"],
    files: (packages) => ({ "pom.xml": project(packages) }),
    commands: () => [
      [
        ...["mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies"],
        ...["-DincludeScope=runtime", "-DoutputDirectory=lib"],
      ],
    ],
  },
  go: {
    packages: {
      "github.com/twmb/franz-go": "v1.22.3",
      "github.com/twmb/franz-go/pkg/kadm": "v1.19.0",
    },
    programs: ["go"],
    files: (packages) => ({
      "main.go": fs.readFileSync(join(programs, "franz.go"), "utf8"),
      "go.mod": `module clients\n\nrequire (\n${at(" ")(packages)
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
  const files = recipe.files?.(recipe.packages) ?? {};
  const hash = Bun.hash(JSON.stringify([recipe.packages, files])).toString(36);
  const folder = join(cache, `${name}-${hash}`);
  const absent = recipe.programs.filter((program) => Bun.which(program) === null);
  if (absent.length > 0) return { missing: `${absent.join(" and ")} not installed` };
  if (process.env["CI"] === undefined) {
    return { missing: `set CI=true to fetch ${at(" ")(recipe.packages).join(", ")}` };
  }
  if (fs.existsSync(folder)) return { folder };
  const filling = `${folder}.${process.pid}`;
  try {
    fs.mkdirSync(filling, { recursive: true });
    for (const [file, text] of Object.entries(files)) fs.writeFileSync(join(filling, file), text);
    for (const command of recipe.commands(recipe.packages)) {
      const trouble = await runIn(filling, command);
      if (trouble !== null) return { missing: trouble };
    }
    if (!fs.existsSync(folder)) fs.renameSync(filling, folder);
    return { folder };
  } finally {
    fs.rmSync(filling, { recursive: true, force: true });
  }
}

/** Runs a command; the last line of what it said if it failed, as a reason to skip. */
async function runIn(cwd: string, command: readonly string[]): Promise<string | null> {
  const child = Bun.spawn([...command], {
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: fetchMsMax,
  });
  const [code, ...said] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  if (code === 0) return null;
  const last = said.join("\n").trim().split("\n").at(-1) ?? "";
  return `can't be fetched: ${command.slice(0, 3).join(" ")} ended with ${code}: ${last}`;
}

function project(packages: Readonly<Record<string, string>>): string {
  const dependencies = Object.entries(packages).map(([name, version]) => {
    const [group, artifact] = name.split(":");
    const parts = { groupId: group, artifactId: artifact, version };
    const tags = Object.entries(parts).map(([tag, text]) => `<${tag}>${text}</${tag}>`);
    return `<dependency>${tags.join("")}</dependency>\n`;
  });
  const self = "<groupId>obelisk</groupId><artifactId>clients</artifactId><version>1</version>";
  return (
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>\n` +
    `${self}\n<dependencies>\n${dependencies.join("")}</dependencies></project>\n`
  );
}
