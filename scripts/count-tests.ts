/** Prints "passed failed" of a vitest JSON report; a suite that did not run at all counts as failed. */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { status: string; assertionResults: readonly unknown[] }[];
}

const report: Report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const broken = report.testResults.filter(
  ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
).length;
// Nothing here is skipped on purpose: a test that did not run has not passed.
console.log(report.numPassedTests, report.numFailedTests + report.numPendingTests + broken);
