/** Whether mariadbd reads a group: whatever its version, only in one version, or not at all. */
export type Readership = "always" | "in-one-version" | "never";

const always = new Set(["mysqld", "server", "mariadb", "mariadbd", "client-server", "galera"]);

/**
 * Tells whether mariadbd reads the options of `[group]`. Case and white space at the end do not
 * matter; white space at the start does. Source: `mariadbd --help --verbose`, "The following groups
 * are read", and sql/mysqld.cc, load_default_groups.
 */
export function readershipOf(group: string | undefined): Readership {
  const name = group?.toLowerCase() ?? "";
  if (always.has(name)) return "always";
  return /^(?:mysqld|mariadb|mariadbd)-\d+\.\d+$/.test(name) ? "in-one-version" : "never";
}

/** Whether options for the server alone may be added to the group. */
export function isServerGroup(group: string): boolean {
  return readershipOf(group) === "always" && group.toLowerCase() !== "client-server";
}
