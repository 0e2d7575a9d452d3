/**
 * `count-tests.ts REPORT CODE` prints "passed failed" of a vitest JSON report, and on stderr a line "FAILED …" for each
 * that failed. A suite that did not run at all counts as one, and so does one whose hooks alone have failed. Nor is an
 * error outside of any test in a report: it shows in vitest's exit code.
 */
import { readFileSync } from "node:fs";
import { basename, relative } from "node:path";

const [path = "", exitCode] = process.argv.slice(2);

interface Test {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

interface Suite {
  /** The path of its file. */
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly Test[];
}

const suites: readonly Suite[] = JSON.parse(readFileSync(path, "utf8")).testResults;
const tests = suites.flatMap((suite) => suite.assertionResults.map((test) => ({ suite, test })));
// Nothing here is skipped on purpose: a test that did not run has not passed.
const failed = tests.filter(({ test }) => test.status !== "passed");
const broken = suites.filter(
  ({ status, assertionResults }) =>
    status === "failed" && assertionResults.every((test) => test.status === "passed"),
);

const report = (suite: Suite, name: string, message = "it did not run") =>
  console.error(`FAILED ${relative("", suite.name)} > ${name}: ${message.split("\n", 1)[0]}`);

for (const { suite, test } of failed) report(suite, test.fullName, test.failureMessages[0]);
for (const suite of broken) report(suite, "all of it", suite.message || "a hook failed");
const isOutside = exitCode !== "0" && failed.length + broken.length === 0;
if (isOutside) console.error(`FAILED ${basename(path, ".json")}: an error outside of its tests`);
console.log(tests.length - failed.length, failed.length + broken.length + Number(isOutside));
