import { Command } from "commander";
import type { LabCall, LabOptions } from "../lab/options.js";
import { networkOption, withPlace } from "./lab-options.js";
import { configured } from "./options.js";

const after = `
Each runs twice, in labs of its own: with galera-peers, and in the old way, with one
Service for members and clients, a founder that is alone in DNS, and no drain.
It ends with 0 if galera-peers has kept its promises, with 69 if its members were
not back within a minute, with 70 if it has lost a row.`;

/** The definition of `galera-peers lab experiment`. */
export function experimentCommand(action: (call: LabCall) => Promise<void>): Command {
  const command = configured(new Command("experiment"))
    .description("what a cluster does when its pods die, beside the old way")
    .addHelpText("after", after);
  const define = (name: string, summary: string) =>
    withPlace(configured(command.command(name)).description(summary), "experiment").option(
      ...networkOption,
    );
  define(
    "self-healing",
    "a pod is deleted: how long is it away, where does its data come from",
  ).action((options: Options) => action({ kind: "experiment", which: "self-healing", ...options }));
  define(
    "data-survives",
    "a pod is deleted, then the power fails: are the rows still there",
  ).action((options: Options) =>
    action({ kind: "experiment", which: "data-survives", ...options }),
  );
  define("availability", "a read and a write every 100 ms, while pods go and come back")
    .option("--report <file>", "the page with the charts", "galera-availability.html")
    .action((options: Options & { readonly report: string }) =>
      action({ kind: "experiment", which: "availability", ...options }),
    );
  return command;
}

type Options = LabOptions & { readonly network: string };
