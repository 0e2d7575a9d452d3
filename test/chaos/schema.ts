/* What the clients write to, and what must always be true of it. */

export const accounts = Array.from({ length: 10 }, (_, index) => index + 1);
const openingBalance = 1000;
/** Of all accounts together, whatever is transferred. */
export const constantSum = accounts.length * openingBalance;

/** The accounts that do not have what the transfers have left them. */
export const unbalanced = `SELECT a.id FROM chaos.accounts a LEFT JOIN chaos.transfers t
  ON a.id IN (t.source, t.target)
  GROUP BY a.id, a.balance
  HAVING a.balance <> ${openingBalance}
    + COALESCE(SUM(IF(t.target = a.id, t.amount, 0) - IF(t.source = a.id, t.amount, 0)), 0)`;

export const tables = ["chaos.written", "chaos.accounts", "chaos.transfers"] as const;

export const schema: readonly string[] = [
  "CREATE DATABASE chaos",
  "CREATE TABLE chaos.written (id BIGINT PRIMARY KEY, client INT, filler VARCHAR(200))",
  "CREATE TABLE chaos.accounts (id INT PRIMARY KEY, balance BIGINT NOT NULL)",
  "CREATE TABLE chaos.transfers (id BIGINT PRIMARY KEY, source INT, target INT, amount INT)",
  `INSERT INTO chaos.accounts VALUES ${accounts.map((id) => `(${id}, ${openingBalance})`).join(", ")}`,
];
