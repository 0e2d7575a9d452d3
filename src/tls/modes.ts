/** Whether whoever has no certificate is taken too, while a running cluster is moved over. */
export const tlsModes = ["on", "dynamic"] as const;

export type TlsMode = (typeof tlsModes)[number];
