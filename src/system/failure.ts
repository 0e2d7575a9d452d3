/**
 * How the program ends when it does not go on: sysexits(3) where one fits, the shell's codes for a
 * command that cannot be run, 128+n for a signal.
 */
export const exitCode = {
  /** A probe's no. */
  unhealthy: 1,
  /** The command line has the wrong shape: unknown flag, command or argument. */
  usage: 64,
  /** A file or input holds what cannot be read; the message names file and line. */
  data: 65,
  /** DNS gave no usable answer within `--timeout`. */
  unavailable: 69,
  /** A fault of this program. */
  software: 70,
  /** Only a human may go on. */
  held: 75,
  /** A setting's value, or a file that is ours to write, is wrong. */
  config: 78,
  /** The command was found but cannot be executed. */
  notExecutable: 126,
  /** The command was not found. */
  notFound: 127,
} as const;

/**
 * An end that nobody below `main` chooses about. The message is one line (or one line per problem)
 * that says what happened, where, and what to do; it is printed alone, without a stack.
 */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "Failure";
    this.exitCode = code;
  }
}

/**
 * Reads several things, and tells the problems of all of them together.
 *
 * @throws Failure 78 with the lines of every one that failed so
 */
export function readTogether<T extends readonly unknown[]>(
  ...reads: { readonly [Index in keyof T]: () => T[Index] }
): T {
  const problems: string[] = [];
  const values = reads.map((read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Failure) || error.exitCode !== exitCode.config) throw error;
      problems.push(error.message);
      return undefined;
    }
  });
  if (problems.length > 0) throw new Failure(exitCode.config, problems.join("\n"));
  return values as readonly unknown[] as T;
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a system error such as ENOENT, or undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}
