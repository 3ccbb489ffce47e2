#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import type { Context } from './cli/context.ts';
import { openOutput } from './cli/output.ts';
import { buildProgram, namesNoCommand } from './cli/program.ts';
import { ProblemError } from './problem.ts';

let output = openOutput(process.stdout, process.stderr, process.env);

let readerLeft = false;

/** A reader that has seen enough (`sea ls | head`) is no failure; a run stops cleanly, as for Ctrl-C. */
function leaveQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  if (readerLeft) return;
  readerLeft = true;
  if (!process.emit('SIGINT')) process.exit(0);
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** Mistakes are printed with their places, and so is what the machine refuses; anything else is a bug of this program, and its trace goes to a file. */
async function report(error: unknown, cache: string): Promise<number> {
  // commander has printed its message already
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ProblemError) {
    const { printProblems } = await import('./cli/problems.ts');
    printProblems(error.problems, output);
    return 2;
  }
  const { machineProblem } = await import('./cli/machine.ts');
  const refusal = machineProblem(error, cache);
  if (refusal !== undefined) {
    const { printProblems } = await import('./cli/problems.ts');
    printProblems([refusal], output);
    return 1;
  }
  const { reportBug } = await import('./cli/bug.ts');
  output.err(reportBug(error, cache));
  return 1;
}

async function main(): Promise<void> {
  process.stdout.on('error', leaveQuietly);
  process.stderr.on('error', leaveQuietly);
  const number = version();
  const cacheOf = (cache: string | undefined) => resolve(cache ?? (process.env['SEA_CACHE'] || 'cache'));
  let cache = cacheOf(undefined);
  const makeContext = ({ cache: chosen, plain = false }: Readonly<{ cache?: string; plain?: boolean }>): Context => {
    cache = cacheOf(chosen);
    if (plain) output = openOutput(process.stdout, process.stderr, process.env, plain);
    return { output, cache, version: number, env: process.env };
  };
  const program = buildProgram(number, makeContext, (code) => {
    process.exitCode = code;
  });
  try {
    const isBare = output.live && process.stdin.isTTY === true && namesNoCommand(program, process.argv.slice(2));
    await program.parseAsync(isBare ? [...process.argv, 'ui'] : process.argv);
  } catch (error) {
    process.exitCode = await report(error, cache);
  }
}

await main();
