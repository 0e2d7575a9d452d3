/** Whether an environment variable holds a credential, by its name, or names the file of one. */
export function isSecretVariable(name: string): boolean {
  return /^(MARIADB|MYSQL)_\w*(PASSWORD|HASH)(_FILE)?$|^MYSQL_PWD$|^GALERA_AGENT_KEY(_FILE)?$/.test(
    name,
  );
}
