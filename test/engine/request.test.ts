import { afterEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/open.ts';
import { ProblemError } from '../../src/problem.ts';
import { nvidiaGpus } from '../../src/setup/programs.mjs';

afterEach(() => {
  delete process.env['SEA_ENGINE'];
});

async function problemOf(opening: Promise<unknown>): Promise<ProblemError['problems'][number] | undefined> {
  const error: unknown = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof ProblemError ? error.problems[0] : undefined;
}

describe('asking for an engine', () => {
  it('by a name that is none is a problem that names the nearest one', async () => {
    process.env['SEA_ENGINE'] = 'wasn';
    expect(await problemOf(openEngine())).toMatchObject({ code: 'unknown-engine', hint: 'did you mean "wasm"?' });
  });

  it('with a GPU where there is none is a problem with the way out, not another engine', async (context) => {
    if ((await nvidiaGpus()).length > 0) return context.skip();
    process.env['SEA_ENGINE'] = 'gpu';
    const problem = await problemOf(openEngine());
    expect(problem?.code).toBe('engine-missing');
    expect(problem?.hint).toContain('npm run setup');
  });
});
