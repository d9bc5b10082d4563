/**
 * Which build this is. The build script replaces the two `BUILD_` words (`bun build --define`);
 * from source, the version is the package's and there is no commit.
 */
import { version as packageVersion } from "../../package.json";

declare const BUILD_VERSION: string | undefined;
declare const BUILD_COMMIT: string | undefined;

export const buildVersion: string =
  typeof BUILD_VERSION === "string" ? BUILD_VERSION : packageVersion;

/** The commit that was built; `null` when run from source. */
export const buildCommit: string | null = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : null;
