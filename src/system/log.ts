import { writeSync } from "node:fs";

export type Level = "info" | "warn" | "error";

/** What a log line carries besides its text; a JSON log prints it as fields. */
export type Fields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Says one thing, once, on one line. */
export type Log = (level: Level, message: string, fields?: Fields) => void;

/** Writes a whole line to a file descriptor, without buffering. */
export type WriteLine = (line: string) => void;

/**
 * A log of one line an event: text for people, `json` for collectors.
 *
 * @param now the wall-clock time, for the line's stamp
 */
export function createLog(format: "text" | "json", write: WriteLine, now: () => Date): Log {
  if (format === "json") {
    return (level, message, fields) =>
      write(JSON.stringify({ time: now().toISOString(), level, message, ...fields }));
  }
  return (level, message) => {
    const stamp = now().toISOString().replace("T", " ");
    write(`${stamp} [${level}] galera-peers: ${oneLine(message)}`);
  };
}

/** Control characters, newlines among them, as escapes: a name from DNS cannot forge a log line. */
export function oneLine(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * Lines to standard output or error by plain writes. `process.stdout` and `process.stderr` are never
 * touched: Node would make a pipe non-blocking as soon as they are, and mariadbd would inherit that
 * and lose log lines.
 *
 * @param lost told of a line that cannot be written; a log has nobody to tell
 */
export function writeLine(fd: number, lost: (error: unknown) => void = () => {}): WriteLine {
  return (line) => {
    const bytes = Buffer.from(`${line}\n`);
    for (let offset = 0; offset < bytes.length; ) {
      try {
        offset += writeSync(fd, bytes, offset);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") continue;
        return lost(error);
      }
    }
  };
}

/** Lines or arguments `name=value`, the values hidden of those that hold credentials by their name. */
export function hideSecrets(text: string): string {
  return text.replace(/^([^=\n]*(?:auth|password|secret)[^=\n]*=).+$/gim, "$1***");
}
