import { expect, test } from "vitest";
import { agentCommand } from "../../src/cli/agent.js";
import { findCommand } from "../../src/cli/find.js";
import { configured } from "../../src/cli/options.js";
import { planCommand } from "../../src/cli/plan.js";
import { runCommand } from "../../src/cli/run.js";

/** What a command is called with for these words. */
async function called(name: "run" | "plan" | "agent", ...words: string[]) {
  let got: readonly unknown[] = [];
  const action = async (...args: unknown[]) => {
    got = args;
  };
  const command = {
    run: () => runCommand(action as () => Promise<never>),
    plan: () => planCommand(action),
    agent: () => agentCommand(action),
  }[name]();
  await configured(command).parseAsync(words, { from: "user" });
  return got;
}

test.each<[string[], readonly unknown[]]>([
  [[], [[], { agent: true }]],
  [["--no-agent"], [[], { agent: false }]],
  [
    [
      "--no-agent",
      "--agent-port",
      "4570",
      "--state-dir",
      "/s",
      "--replicas",
      "3",
      "--bootstrap",
      "never",
    ],
    [[], { agent: false, agentPort: "4570", stateDir: "/s", replicas: "3", bootstrap: "never" }],
  ],
  [
    ["--service", "galera", "mariadbd", "--no-agent", "--x"],
    [["mariadbd", "--no-agent", "--x"], { service: "galera", agent: true }],
  ],
  [
    ["--", "--no-agent"],
    [["--no-agent"], { agent: true }],
  ],
])("run %j", async (words, expected) => {
  expect(await called("run", ...words)).toEqual(expected);
});

test.each<["plan" | "agent", string[], readonly unknown[]]>([
  ["plan", ["--json", "--replicas", "3", "mariadbd"], [["mariadbd"], { replicas: "3" }, true]],
  ["plan", [], [[], {}, false]],
  ["agent", ["--parent", "7", "--state-dir", "/s"], [[], { stateDir: "/s" }, "7"]],
  ["agent", ["--cnf", "/c", "--on-change", "cat"], [[], { cnf: "/c", onChange: "cat" }, undefined]],
  ["agent", ["--", "mariadbd", "--parent"], [["mariadbd", "--parent"], {}, undefined]],
])("%s %j", async (name, words, expected) => {
  expect(await called(name, ...words)).toEqual(expected);
});

test.each<["run" | "plan" | "agent", string[]]>([
  ["run", ["--force-bootstrap", "galera-0:1"]],
  ["run", ["--allow-discard", "galera-0:1"]],
  ["run", ["--agent"]],
  ["run", ["--parent", "1"]],
  ["plan", ["--no-agent"]],
  ["agent", ["--no-agent"]],
  ["run", ["--on-change", "cat"]],
  ["plan", ["--on-start", "cat"]],
])("%s has no %j", async (name, words) => {
  await expect(called(name, ...words)).rejects.toMatchObject({ code: "commander.unknownOption" });
});

test("help names no variable that a command does not read", () => {
  const help = findCommand(async () => {}).helpInformation();
  expect(help).toContain("--on-change");
  expect(help).not.toContain("GALERA_ON_");
  expect(help).toContain("GALERA_SERVICE");
});

test("help names flag and variable", () => {
  const help = runCommand(async () => undefined as never).helpInformation();
  for (const words of [
    "--no-agent ",
    "GALERA_AGENT=off",
    "GALERA_AGENT_PORT",
    "GALERA_STATE_DIR",
    "GALERA_REPLICAS",
  ]) {
    expect(help).toContain(words);
  }
});
