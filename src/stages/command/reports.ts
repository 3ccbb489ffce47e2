import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Job, Metrics } from '../kind.ts';

/** Time between two looks at a program's reports, milliseconds. */
const LOOK = 200;

type Report = Readonly<{ step: number; of: number; values: Metrics }>;

/**
 * Tells how far a program is from the lines that it appends to a file, `{"step": 3, "of": 10, "loss": 2.1}`, until the
 * returned function is called. A line that is no report is told in the log, once: it is no reason to end the program.
 */
export function followReports(file: string, job: Pick<Job<unknown, string, string>, 'progress' | 'log'>): () => void {
  let offset = 0;
  let told = false;
  const look = (): void => {
    const { lines, read } = linesFrom(file, offset);
    offset += read;
    for (const line of lines) {
      const report = readReport(line);
      if (report !== undefined) job.progress(report.step, report.of, report.values);
      else if (!told) {
        told = true;
        job.log(`SEA_PROGRESS: expected {"step": 3, "of": 10, "loss": 2.1}, found ${line.slice(0, 200)}`);
      }
    }
  };
  const timer = setInterval(look, LOOK);
  return () => {
    clearInterval(timer);
    look();
  };
}

/** Whole lines from an offset on and their bytes; none while the program has written nothing. */
function linesFrom(file: string, offset: number): Readonly<{ lines: readonly string[]; read: number }> {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines: [], read: 0 };
    throw error;
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - offset));
    const found = bytes.subarray(0, bytes.length === 0 ? 0 : readSync(fd, bytes, 0, bytes.length, offset));
    const whole = found.subarray(0, found.lastIndexOf(0x0a) + 1);
    const lines = whole.toString('utf8').split('\n');
    return { lines: lines.filter((line) => line.trim() !== ''), read: whole.length };
  } finally {
    closeSync(fd);
  }
}

function readReport(line: string): Report | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { step, of, ...values } = value as Readonly<Record<string, unknown>>;
  const isWhole = typeof step === 'number' && typeof of === 'number' && of > 0;
  return isWhole && areNumbers(values) ? { step, of, values } : undefined;
}

function areNumbers(values: Readonly<Record<string, unknown>>): values is Metrics {
  return Object.values(values).every((value) => typeof value === 'number');
}
