import type { Command } from 'commander';

const WIDTH = 120;

/** The reference of all commands in Markdown (src/cli/README.md): the help of each, as the program prints it. */
export function commandReference(program: Command): string {
  return `${[
    '# Commands',
    '',
    'What `sea COMMAND --help` prints. Made from the declarations in `program.ts`; a test says when and how to make it again.',
    ...section('sea', program),
    ...program.commands.flatMap((command) => section(`sea ${command.name()}`, command)),
  ].join('\n')}\n`;
}

function section(title: string, command: Command): readonly string[] {
  return ['', `## \`${title}\``, '', '```text', helpOf(command).trim(), '```'];
}

/** With its examples, which commander adds only where help is printed. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}
