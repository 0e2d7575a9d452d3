import { writeSync } from "node:fs";
import { Command, Option } from "commander";
import { type Setting, type SettingName, settings } from "../setting-table.js";

/** The flags that were given, by the name of the setting; the values are not read yet. */
export type Flags = Readonly<Partial<Record<SettingName, string | boolean>>>;

/** Where a member finds its peers, and how it says so. */
export const discovery = [
  "service",
  "namespace",
  "domain",
  "hostname",
  "podIp",
  "dns",
  "addressType",
  "timeout",
  "poll",
] as const satisfies readonly SettingName[];

/** Who decides about founding, and with whom. */
export const deciding = [
  "bootstrap",
  "replicas",
  "stateDir",
  "agentPort",
] as const satisfies readonly SettingName[];

/** What is run when the peers change. */
export const hooks = [
  "onStart",
  "onChange",
  "hookTimeout",
] as const satisfies readonly SettingName[];

/** How galera.cnf is made. */
export const galeraCnf = [
  "cnf",
  "template",
  "clusterName",
  "sstMethod",
  "providerOptions",
] as const satisfies readonly SettingName[];

/** What members encrypt what they tell each other with. */
export const encryption = ["tlsDir", "tls"] as const satisfies readonly SettingName[];

/**
 * A subcommand with the flags of these settings; `--help` names each one's variable too.
 *
 * @param flagsAlone settings whose variables it does not read
 */
export function commandWith(
  name: string,
  summary: string,
  names: readonly SettingName[],
  flagsAlone: readonly SettingName[] = [],
): Command {
  const command = new Command(name).description(summary);
  for (const setting of names) {
    const { flag, value, env, help, repeatable }: Setting<unknown> = settings[setting];
    if (flag === undefined) throw new Error(`${setting} has no flag`);
    const words = value === undefined ? flag : `${flag} <${value}>`;
    const variable = flagsAlone.includes(setting) ? "" : ` [${env}]`;
    const option = new Option(words, `${help}${variable}`);
    if (repeatable) option.argParser((one, before?: string) => (before ? `${before},${one}` : one));
    command.addOption(option);
  }
  return command;
}

/** A definition whose ends and output are in our hands: it throws, and writes without a stream. */
export function configured(command: Command): Command {
  return command.exitOverride().configureOutput({
    writeOut: (text) => void writeSync(1, text),
    writeErr: (text) => void writeSync(2, text),
    outputError: () => {}, // main tells it
  });
}

/**
 * `-ns` as `--namespace`, which commander has no short form for: among the flags behind a
 * subcommand, up to the first word that is neither a flag nor the value of one.
 */
export function withLongNamespace(argv: readonly string[]): readonly string[] {
  const words = [...argv];
  for (let index = 1; words[index]?.startsWith("-") && words[index] !== "--"; index += 1) {
    const word = (words[index] as string).replace(/^-ns(?=$|=)/, "--namespace");
    words[index] = word;
    const takesValue = Object.values<Setting<unknown>>(settings).some(
      ({ flag, value }) => flag === word && value !== undefined,
    );
    if (takesValue) index += 1;
  }
  return words;
}
