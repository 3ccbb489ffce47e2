import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRig, done, type Stages, told } from './rig.ts';

/** Stages in order, each reading some of those before it; some fail. */
const graph = fc
  .array(
    fc.record({ reads: fc.array(fc.nat(), { maxLength: 3 }), fails: fc.integer({ min: 0, max: 4 }), text: fc.nat(2) }),
    {
      minLength: 1,
      maxLength: 14,
    },
  )
  .map(
    (nodes): Stages =>
      Object.fromEntries(
        nodes.map(({ reads, fails, text }, index) => {
          const inputs = index === 0 ? [] : [...new Set(reads.map((read) => `s${read % index}`))];
          return [`s${index}`, fails === 0 ? ['fail', {}, inputs] : ['write', { text: String(text) }, inputs]];
        }),
      ),
  );

/** Stages that must be made, and those that must not because they or something they need fails. */
function expected(stages: Stages): Readonly<{ made: string[]; failed: string[]; blocked: string[] }> {
  const sorted = { made: [] as string[], failed: [] as string[], blocked: [] as string[] };
  for (const [id, [kind, , inputs = []]] of Object.entries(stages)) {
    if (!inputs.every((input) => sorted.made.includes(input))) sorted.blocked.push(id);
    else if (kind === 'fail') sorted.failed.push(id);
    else sorted.made.push(id);
  }
  return sorted;
}

describe('a run over any graph', () => {
  it('ends every stage in one way, blocks exactly what needs a failed one, and runs nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.integer({ min: 1, max: 4 }), async (stages, jobs) => {
        const rig = createRig();
        try {
          const { made, failed, blocked } = expected(stages);
          const first = await rig.run(stages, { jobs });
          expect([...told(first, 'finished'), ...told(first, 'reused')].sort()).toEqual([...made].sort());
          expect([...told(first, 'failed')].sort()).toEqual([...failed].sort());
          expect([...told(first, 'blocked')].sort()).toEqual([...blocked].sort());
          const second = await rig.run(stages, { jobs });
          expect(done(second)).toMatchObject({
            ran: 0,
            reused: made.length,
            failed: failed.length,
            blocked: blocked.length,
          });
        } finally {
          rig.close();
        }
      }),
      { numRuns: 25 },
    );
  });
});
