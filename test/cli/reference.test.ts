import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { commandReference } from '../../src/cli/reference.ts';

const program = buildProgram(
  '0',
  () => {
    throw new Error('nothing runs here');
  },
  () => undefined,
);

describe('the reference of commands', () => {
  it('is src/cli/README.md; write it again with `npx vitest run test/cli/reference -u`', async () => {
    await expect(commandReference(program)).toMatchFileSnapshot('../../src/cli/README.md');
  });

  it('has an example of every command', () => {
    const sections = commandReference(program).split(/^## /m).slice(2);
    expect(sections.length).toBe(program.commands.length);
    expect(sections.filter((text) => !/^Example:\n {2}(\$ sea|\$ source <\(sea) /m.test(text))).toEqual([]);
  });
});
