/** A line of progress, on stderr: stdout is the report's alone. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** The one JSON object that a bench prints. */
export const printReport = (report: object): void => {
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
};
