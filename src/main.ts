/** The entry of the executable: everything is in the command that was meant. */
import { commands } from "./cli/commands.ts";
import { runProcess } from "./cli/process.ts";

runProcess(commands);
