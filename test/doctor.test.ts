import { describe, expect, it } from 'vitest';
import { doctor } from '../src/doctor.ts';

describe('the doctor', () => {
  it('reports Node, engine, SQLite, Slurm, Python and compiler, and a way out for what is missing', async () => {
    const report = await doctor();
    expect(report.findings.map(({ name }) => name)).toEqual([
      'node',
      'engine',
      'gpu',
      'sqlite',
      'slurm',
      'python',
      'compiler',
    ]);
    expect(report.findings.find(({ name }) => name === 'sqlite')).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(/^3\./),
    });
    expect(report.engine?.description).toMatch(/^(tensorflow|wasm) \d/);
    for (const finding of report.findings) {
      expect(finding.found).not.toBe('');
      if (finding.state === 'missing') expect(finding.mend).toBeDefined();
    }
  });
});
