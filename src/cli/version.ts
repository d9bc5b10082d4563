/** `obelisk version`: which build this is, and what it runs on. */
import { buildCommit, buildVersion } from "./build.ts";
import { defineCommand, exitCode } from "./command.ts";
import { toggle } from "./option-kinds.ts";

export const version = defineCommand({
  name: "version",
  summary: "which build this is, and what it runs on",
  options: {
    json: toggle({ help: "Print one JSON object" }),
  },
  examples: [{ args: "--json", does: "for a script" }],
  async run({ options, stdout }) {
    const { platform, arch } = process;
    const facts = { version: buildVersion, commit: buildCommit, bun: Bun.version, platform, arch };
    const origin = buildCommit === null ? "from source" : `commit ${buildCommit}`;
    stdout.write(
      options.json
        ? `${JSON.stringify(facts)}\n`
        : `obelisk ${buildVersion} (${origin}, bun ${Bun.version}, ${platform}-${arch})\n`,
    );
    return exitCode.ok;
  },
});
