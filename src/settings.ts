import type { Reader } from "./setting-readers.js";
import { type Setting, type SettingName, settings } from "./setting-table.js";
import { exitCode, Failure } from "./system/failure.js";

/** The settings that were given; a default is the business of whoever uses the setting. */
export type Settings = {
  readonly [Name in SettingName]?: (typeof settings)[Name]["read"] extends Reader<infer T>
    ? T
    : never;
};

/**
 * Reads the settings from flags (which win) and environment variables. An empty variable counts as
 * not set, as manifests write it.
 *
 * @throws Failure 78 with a line for every problem
 */
export function readSettings(
  flags: Readonly<Partial<Record<SettingName, string | boolean>>>,
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const read: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting<unknown>][]) {
    const variable = env[setting.env] || undefined;
    const flag = typeof flags[name] === "boolean" ? offOrUnset(flags[name]) : flags[name];
    const raw = flag ?? variable;
    if (raw === undefined) continue;
    const value = setting.read.parse(raw);
    if (value !== undefined) read[name] = value;
    else {
      const source = flag === undefined ? setting.env : setting.flag;
      problems.push(`${source}: ${JSON.stringify(raw)} is not ${setting.read.wanted}`);
    }
  }
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
  return read as Settings;
}

/** Commander gives true for a `--no-…` that was not given. */
function offOrUnset(value: boolean): string | undefined {
  return value ? undefined : "off";
}

/** The flags as the variables that say the same, for another process of this program. */
export function flagsAsVariables(
  flags: Readonly<Partial<Record<SettingName, string | boolean>>>,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, given] of Object.entries(flags)) {
    const { env }: Setting<unknown> = settings[name as SettingName];
    if (typeof given === "string") variables[env] = given;
  }
  return variables;
}
