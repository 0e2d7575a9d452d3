import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { effectiveLines } from "../../src/cnf/effective.js";
import { scan } from "../../src/cnf/option-file.js";

/** The cluster name that mariadbd itself takes from these options. */
function clusterNameOf(...options: string[]): string | undefined {
  const help = execFileSync(
    "mariadbd",
    [
      "--no-defaults",
      "--user=mysql",
      ...options.map((option) => `--${option}`),
      "--help",
      "--verbose",
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  return /^wsrep-cluster-name +(.*)$/m.exec(help)?.[1];
}

test.each([
  "wsrep_cluster_name",
  "Wsrep-Cluster_NAME",
  "LOOSE-loose_wsrep-cluster-name",
  "wsrep_cluster_n",
])("mariadbd takes %s for the cluster's name, and so do we", (spelling) => {
  const [first, second] = ["wsrep_cluster_name=one", `${spelling}=two`];
  expect(clusterNameOf(first, second)).toBe("two");
  const lines = scan(`[galera]\n${first}\n${second}\n`);
  expect(effectiveLines(lines, "wsrep_cluster_name").map(({ number }) => number)).toEqual([3]);
});

test.each(["wsrep_cluster_names", "wsrep_cluster_", "wsrep", "cluster_name"])(
  "%s is another option, or none",
  (spelling) => {
    const lines = scan(`[galera]\nwsrep_cluster_name=one\n${spelling}=two\n`);
    expect(effectiveLines(lines, "wsrep_cluster_name").map(({ number }) => number)).toEqual([2]);
  },
);
